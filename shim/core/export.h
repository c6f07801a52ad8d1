/* export.h: the marks of exported functions and of hidden data. symbols.h lists the hooks. */
#ifndef STICKYDNS_HOOKS_H
#define STICKYDNS_HOOKS_H

#define EXPORT __attribute__((visibility("default")))

/* For a declaration: -fvisibility=hidden is for definitions, and without this each use loads the address first. */
#define HIDDEN __attribute__((visibility("hidden")))

#endif
