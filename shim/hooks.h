/* hooks.h: how a hook is exported. libstickydns.map lists them all. */
#ifndef STICKYDNS_HOOKS_H
#define STICKYDNS_HOOKS_H

#define EXPORT __attribute__((visibility("default")))

#endif
