/* The first process of a pod: keeps its namespaces, reaps its orphans, and ends when told to. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGINT);
  sigaddset(&awaited, SIGTERM);
  /* Blocked and then waited for, no signal is lost between two waits. */
  sigprocmask(SIG_BLOCK, &awaited, NULL);
  for (;;) {
    int got;
    if (sigwait(&awaited, &got) != 0) return 1;
    if (got != SIGCHLD) return 0;
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  }
}
