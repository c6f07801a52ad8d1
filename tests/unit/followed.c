/* followed.c: which names pinkeeper follows, and what it does when a record becomes another name's. */
#include <search.h>

#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/service.h"
#include "policy/table/effective.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"
#include "tools/pinkeeper/followed.h"

static struct lab lab;
static struct followed f;

static void begin(uint32_t names)
{
	lab_open(&lab, names);
	f = (struct followed){0};
	check_true("opened", followed_open(&f, &lab.t));
}

static void end(void)
{
	followed_close(&f);
	lab_close(&lab);
}

static void look_up(const char *text)
{
	const struct name n = lab_name(text);
	const struct address a = lab_v4(1);
	struct name_ref ref;
	lab_lookup(&lab.t, &n, &a, 1, &ref);
}

static uint32_t slot_of(const char *text)
{
	const struct name n = lab_name(text);
	struct name_ref ref;
	return table_find(&lab.t, &n, &ref) ? ref.slot : UINT32_MAX;
}

static bool is_scheduled(const char *text)
{
	const uint32_t slot = slot_of(text);
	return slot != UINT32_MAX && schedule_has(&f.schedule, slot);
}

static void set_default(enum setting k, uint64_t value)
{
	struct settings_block b = {.given = 1u << k};
	b.set.value[k] = value;
	check_true("stored", settings_store(&lab.t, &b, NULL, 0, NULL));
}

/* Where the name is due, in ticks from now. */
static uint32_t due_in(const char *text) { return f.schedule.due[slot_of(text)] - tick_now(); }

static void found(void)
{
	begin(64);
	look_up("a");
	look_up("b");
	check_row("a walk finds what is there, and each is due within a second");
	followed_walk(&f, tick_now());
	check_true("a", is_scheduled("a") && due_in("a") <= 16);
	check_true("b", is_scheduled("b") && due_in("b") <= 16);
	check_number("no more", 2, f.schedule.n);
	check_true("all were looked at", f.walked && f.cursor == 0);

	check_row("a name that is known does not become due again");
	const uint32_t due = f.schedule.due[slot_of("a")];
	clock_after(100);
	followed_walk(&f, tick_now());
	followed_meet(&f, "a", tick_now());
	check_number("due", due, f.schedule.due[slot_of("a")]);

	check_row("a new one is met; what the table does not have, and what is no name, is not");
	look_up("c");
	followed_meet(&f, "c", tick_now());
	followed_meet(&f, "d", tick_now());
	followed_meet(&f, "192.0.2.1", tick_now());
	followed_meet(&f, "", tick_now());
	check_true("c", is_scheduled("c"));
	check_number("no more", 3, f.schedule.n);

	check_row("one whose TTL is known is due when that is over");
	const struct name n = lab_name("e");
	const struct address a = lab_v4(1);
	pins_refresh(&lab.t, &n, FAMILY_V4, &a, 1, 100, NULL);
	followed_meet(&f, "e", tick_now());
	check_range("due in", 1600, 1700, due_in("e"));
	end();
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static void left_alone(void)
{
	begin(64);
	look_up("hosts.test");
	look_up("a");
	tsearch("hosts.test", &f.hosts.names, by_text);
	check_row("what stands in /etc/hosts");
	followed_walk(&f, tick_now());
	check_true("not the one that does", !is_scheduled("hosts.test"));
	check_true("the other", is_scheduled("a"));

	check_row("what is not sticky, as the settings are when it is due");
	const uint32_t slot = slot_of("a");
	struct name name;
	set_default(SET_STICKY, 0);
	check_true("is not asked for", !followed_ask(&f, slot, &name, tick_now()));
	followed_walk(&f, tick_now());
	check_true("nor scheduled", !is_scheduled("a"));
	set_default(SET_STICKY, 1);
	followed_walk(&f, tick_now());
	check_true("but when it is again", is_scheduled("a"));
	tdelete("hosts.test", &f.hosts.names, by_text);
	end();

	begin(64);
	look_up("a");
	followed_walk(&f, tick_now());
	check_row("what nobody looks up");
	clock_after(3 * 3600 - 1);
	check_true("is asked for as long as `idle`", followed_ask(&f, slot_of("a"), &name, tick_now()));
	followed_answered(&f, slot_of("a"), &name, tick_now());
	schedule_put(&f.schedule, slot_of("a"), tick_now());
	clock_after(3);
	check_true("and then no longer", !followed_ask(&f, slot_of("a"), &name, tick_now()));
	followed_walk(&f, tick_now());
	check_true("nor scheduled", !is_scheduled("a"));
	look_up("a");
	followed_walk(&f, tick_now());
	check_true("until it is looked up", is_scheduled("a"));
	check_row("with idle = off for ever");
	set_default(SET_IDLE, SETTING_OFF);
	clock_after(100 * 86400);
	check_true("asked for", followed_ask(&f, slot_of("a"), &name, tick_now()));
	end();
}

static void led(void)
{
	struct name name;
	struct address target;
	const struct name service = lab_name("_sip._udp.d"), host = lab_name("sbc.d"), other = lab_name("never.d");
	begin(64);
	pins_target(&lab.t, &service, &host, 5060, &target);
	clock_after(4 * 3600);
	check_row("a host that nobody looked up: while a service leads to it");
	followed_walk(&f, tick_now());
	check_true("not before", !is_scheduled("sbc.d"));
	followed_lead(&f, &host, tick_now(), tick_now() + 160);
	followed_lead(&f, &other, tick_now(), tick_now() + 160);
	check_true("then", is_scheduled("sbc.d"));
	check_true("asked for", followed_ask(&f, slot_of("sbc.d"), &name, tick_now()));
	check_text("by its name", "sbc.d", name.text);
	followed_answered(&f, slot_of("sbc.d"), &name, tick_now());
	clock_after(11);
	check_true("not after that", !followed_ask(&f, slot_of("sbc.d"), &name, tick_now()));
	end();
}

/* In a table of one name each takes the place of the one before. */
static void given_away(void)
{
	struct name name;
	begin(1);
	look_up("a");
	followed_walk(&f, tick_now());
	const uint32_t slot = slot_of("a");
	f.names[slot].unanswered = 9;
	f.names[slot].led_until = UINT32_MAX;
	const struct name a = lab_name("a");
	pins_drop(&lab.t, &a);
	uint32_t tries = 0;
	for (char text[8]; tries < 1000 && slot_of("a") == UINT32_MAX; tries++) {
		snprintf(text, sizeof text, "n%u", tries);
		look_up(text);
		if (slot_of(text) == slot)
			break;
		const struct name n = lab_name(text);
		pins_drop(&lab.t, &n);
	}
	char now_there[8];
	snprintf(now_there, sizeof now_there, "n%u", tries);
	check_row("a record that was given to another name");
	check_number("the slot", slot, slot_of(now_there));
	followed_walk(&f, tick_now());
	check_true("is scheduled as that one's", schedule_has(&f.schedule, slot));
	check_number("without what was known of the first", 0, f.names[slot].unanswered + f.names[slot].led_until);

	check_row("while it was asked for");
	check_true("asked", followed_ask(&f, slot, &name, tick_now()));
	check_text("by its name", now_there, name.text);
	const struct name n = lab_name(now_there);
	pins_drop(&lab.t, &n);
	look_up(now_there);
	followed_walk(&f, tick_now());
	check_true("it is not asked twice at once", !schedule_has(&f.schedule, slot));
	if (slot_of(now_there) == slot) {
		check_true("the answer is nobody's", !followed_answered(&f, slot, &name, tick_now()));
		check_true("and it is met", schedule_has(&f.schedule, slot));
	}
	check_row("one that is gone");
	schedule_put(&f.schedule, slot, tick_now());
	const struct name gone = lab_name(now_there);
	pins_drop(&lab.t, &gone);
	check_true("is not asked for", !followed_ask(&f, slot, &name, tick_now()));
	check_number("nor scheduled", 0, f.schedule.n);
	end();
}

int main(void)
{
	found();
	left_alone();
	led();
	given_away();
	return check_done();
}
