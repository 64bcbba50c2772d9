/* await SIGNAL [COUNT]: exits with 0 once it has got SIGNAL, with values 0 to COUNT-1 in their order if COUNT is given;
 * with 3 if it does not come, 4 if one comes out of order. It must be started with SIGNAL blocked: it never was
 * unblocked then, so that one that was ever sent to it is there. */
#include "raw.h"

int main(int argc, char **argv) {
    int number = atoi(argv[1]), count = argc > 2 ? atoi(argv[2]) : 0;
    siginfo_t got;
    if (!(get_mask() & bit(number)))
        return 5;
    for (int i = 0; i < (count ? count : 1); i++) {
        if (!next_signal(bit(number), &got, 30))
            return 3;
        if (count && (got.si_code != SI_QUEUE || got.si_value.sival_int != i))
            return 4;
    }
    return 0;
}
