/* SPDX-License-Identifier: Apache-2.0 */
#include "support/threads.h"

#include "support/check.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* state_of gives the letter that proc(5) has for a thread; 'S' sleeps until something wakes it. It
 * stands behind the name, which is in parentheses. A thread that has ended counts as asleep. */
static char state_of(const char *thread)
{
    char path[64];
    char line[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 'S';
    }
    const char *end = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    return end != NULL && end[1] == ' ' ? end[2] : 'S';
}

/* The thread that reads runs, so one awake is itself. */
static bool all_others_sleep(void)
{
    unsigned awake = 0;
    DIR *threads = opendir("/proc/self/task");
    assert_non_null(threads);
    for (const struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        awake += entry->d_name[0] != '.' && state_of(entry->d_name) != 'S' ? 1 : 0;
    }
    closedir(threads);
    return awake <= 1;
}

void test_wait_for_sleeping_threads(void)
{
    const struct timespec pause = {0, 1000000};
    for (int i = 0; !all_others_sleep(); i++) {
        assert_in_range(i, 0, 30000); /* busy for half a minute: not a thread that waits for work */
        nanosleep(&pause, NULL);
    }
}
