/* SPDX-License-Identifier: ISC */
/* numbers of the kernel that the headers of some libcs do not have
 *
 * They differ by architecture, so that of the libc is taken wherever there is one. */
#ifndef IPC_KERNEL_H
#define IPC_KERNEL_H

#include <sys/socket.h>
#include <sys/syscall.h>

/* System calls from 424 on have the same number everywhere, above that of the ABI's first. */
#if defined __mips__ && _MIPS_SIM == _ABIO32
enum { IPC_FIRST_CALL = 4000 };
#elif defined __mips__ && _MIPS_SIM == _ABIN32
enum { IPC_FIRST_CALL = 6000 };
#elif defined __mips__
enum { IPC_FIRST_CALL = 5000 };
#elif defined __alpha__
enum { IPC_FIRST_CALL = 110 };
#elif defined __x86_64__ && defined __ILP32__
enum { IPC_FIRST_CALL = 0x40000000 };
#else
enum { IPC_FIRST_CALL = 0 };
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal (IPC_FIRST_CALL + 424)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open (IPC_FIRST_CALL + 434)
#endif
#ifndef SYS_close_range
#define SYS_close_range (IPC_FIRST_CALL + 436)
#endif
#ifndef SYS_openat2
#define SYS_openat2 (IPC_FIRST_CALL + 437)
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd (IPC_FIRST_CALL + 438)
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset (IPC_FIRST_CALL + 444)
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self (IPC_FIRST_CALL + 446)
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 (IPC_FIRST_CALL + 452)
#endif

#if defined __sparc__
enum { IPC_PEERGROUPS = 0x3d, IPC_PASSPIDFD = 0x55, IPC_PEERPIDFD = 0x56, IPC_PASSRIGHTS = 0x5c };
#elif defined __hppa__
enum { IPC_PEERGROUPS = 0x4034, IPC_PASSPIDFD = 0x404a, IPC_PEERPIDFD = 0x404b, IPC_PASSRIGHTS = 0x4051 };
#else
enum { IPC_PEERGROUPS = 59, IPC_PASSPIDFD = 76, IPC_PEERPIDFD = 77, IPC_PASSRIGHTS = 83 };
#endif

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS IPC_PEERGROUPS
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD IPC_PASSPIDFD
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS IPC_PASSRIGHTS
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD IPC_PEERPIDFD
#endif

#endif
