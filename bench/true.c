/* The smallest command to put an init in front of, so that what is measured is the init. */
int main(void) {
    return 0;
}
