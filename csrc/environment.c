#include "environment.h"

#include "numbers.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

size_t environment_count(void) {
    size_t count = 0;
    while (environ[count])
        count++;
    return count;
}

static char *add_text(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length + 1);
    return at + length;
}

static bool begins(const char *variable, const char *name) {
    return strncmp(variable, name, strlen(name)) == 0;
}

bool environment_changes(void) {
    for (char **variable = environ; *variable; variable++) {
        if (begins(*variable, "LISTEN_PID=") || begins(*variable, "WATCHDOG_PID="))
            return true;
    }
    return false;
}

/* What stands for variable in the application's environment; NULL: it is left out, since it is set anew. */
static char *kept(struct environment *environment, char *variable, const struct user *user, pid_t self) {
    char ours[32];
    if (begins(variable, "LISTEN_PID=")) {
        put_number(add_text(ours, "LISTEN_PID="), (unsigned long)self);
        return strcmp(variable, ours) ? variable : environment->listen;
    }
    if (begins(variable, "WATCHDOG_PID=")) {
        put_number(add_text(ours, "WATCHDOG_PID="), (unsigned long)self);
        return strcmp(variable, ours) ? variable : environment->watchdog;
    }
    if (user && (begins(variable, "HOME=") || begins(variable, "USER=")))
        return NULL;
    return variable;
}

void environment_make(struct environment *environment, const struct user *user) {
    char **at = environment->variables;
    pid_t self = getpid();
    for (char **variable = environ; *variable; variable++) {
        char *text = kept(environment, *variable, user, self);
        if (text)
            *at++ = text;
    }
    if (user) {
        add_text(add_text(environment->home, "HOME="), user->home);
        add_text(add_text(environment->user, "USER="), user->name);
        *at++ = environment->home;
        *at++ = environment->user;
    }
    *at = NULL;
}

void environment_pid(struct environment *environment, pid_t pid) {
    put_number(add_text(environment->listen, "LISTEN_PID="), (unsigned long)pid);
    put_number(add_text(environment->watchdog, "WATCHDOG_PID="), (unsigned long)pid);
}
