/* on-move.h: the duty that runs a command at each move of a pin. See on-move in stickydns.conf(5). */
#ifndef STICKYDNS_ON_MOVE_H
#define STICKYDNS_ON_MOVE_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty on_move_duty;

#endif
