#pragma once

// Ctrl-C, and what asks a process to end (SIGTERM, SIGHUP), as a flag that loops look at: the first
// press asks for a clean stop, the second ends the process as usual.
void rv_interrupt_install(void);
int rv_interrupt_requested(void);
void rv_interrupt_clear(void);
void rv_interrupt_raise(void);
