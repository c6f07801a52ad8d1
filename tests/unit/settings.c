/*
 * settings.c: what holds for a name: inheritance key by key, weights, later wins,
 * banks, bounds.
 *
 * A file is written as text: `PATTERN KEY=VALUE …` a block, parted by `;`, the
 * default block first and named `default`.
 */
#include "policy/table/effective.h"
#include "tests/unit/check.h"
#include "tests/unit/lab.h"

static void block_of(char *text, struct settings_block *b)
{
	char *save = NULL, *word = strtok_r(text, " ", &save);
	memset(b, 0, sizeof *b);
	if (strcmp(word, "default") != 0)
		snprintf(b->pattern, sizeof b->pattern, "%s", word);
	while ((word = strtok_r(NULL, " ", &save))) {
		size_t n = strcspn(word, "=");
		for (unsigned k = 0; k < SETTINGS; k++)
			if (strlen(setting_forms[k].key) == n && strncmp(setting_forms[k].key, word, n) == 0) {
				b->given |= 1u << k;
				b->set.value[k] = strtoull(word + n + 1, NULL, 0);
			}
	}
}

static bool load(struct table *t, const char *text)
{
	struct settings_block blocks[8];
	char copy[512], *save = NULL;
	size_t n = 0;
	snprintf(copy, sizeof copy, "%s", text);
	for (char *b = strtok_r(copy, ";", &save); b && n < 8; b = strtok_r(NULL, ";", &save)) {
		char one[256];
		snprintf(one, sizeof one, "%s", b + strspn(b, " "));
		block_of(one, &blocks[n++]);
	}
	return settings_store(t, &blocks[0], blocks + 1, n - 1, NULL);
}

/* A value and where it came from: "7 builtin", "7 default", "7 0". */
static const char *effective(const struct table *t, const char *name, unsigned key)
{
	static char out[48];
	struct name n = lab_name(name);
	struct effective e;
	settings_effective(t, &n, &e);
	struct settings plain = settings_for(t, &n);
	const unsigned long long value = e.set.value[key];
	check_number("the same without sources", value, plain.value[key]);
	if (e.from[key] == FROM_BUILTIN)
		snprintf(out, sizeof out, "%llu builtin", value);
	else if (e.from[key] == FROM_DEFAULT)
		snprintf(out, sizeof out, "%llu default", value);
	else
		snprintf(out, sizeof out, "%llu block %d", value, e.from[key]);
	return out;
}

static void rules(void)
{
	static const struct {
		const char *rule, *file, *name;
		enum setting key;
		const char *expected;
	} rows[] = {
		{"nothing given", "default", "a", SET_IDLE, "10800 builtin"},
		{"the default block", "default idle=7", "a", SET_IDLE, "7 default"},
		{"the default block, another key", "default idle=7", "a", SET_STALE, "86400 builtin"},
		{"a host block", "default idle=7; a idle=8", "a", SET_IDLE, "8 block 0"},
		{"a host block of another name", "default idle=7; b idle=8", "a", SET_IDLE, "7 default"},
		{"a host block, a key it lacks", "default idle=7; a stale=8", "a", SET_IDLE, "7 default"},
		{"a value that equals the built-in", "default idle=7; a idle=10800", "a", SET_IDLE, "10800 block 0"},
		{"zero is a value", "default idle=7; a idle=0", "a", SET_IDLE, "0 block 0"},
		{"a pattern", "default; *.example.com idle=8", "sip.example.com", SET_IDLE, "8 block 0"},
		{"a pattern of upper case", "default; *.EXAMPLE.com idle=8", "sip.example.com", SET_IDLE, "8 block 0"},
		{"the exact name over a pattern after it", "default; sip.example.com idle=1; *.example.com idle=2", "sip.example.com", SET_IDLE, "1 block 0"},
		{"the exact name over a longer pattern", "default; a.b idle=1; *a*.*b* idle=2", "a.b", SET_IDLE, "1 block 0"},
		{"more literal characters", "default; *.example.com idle=1; *.com idle=2", "sip.example.com", SET_IDLE, "1 block 0"},
		{"more literal characters, whatever the order", "default; *.com idle=2; *.example.com idle=1", "sip.example.com", SET_IDLE, "1 block 1"},
		{"equally many: the later", "default; sip.* idle=1; *.org idle=2", "sip.org", SET_IDLE, "2 block 1"},
		{"the same pattern twice: the later", "default; *.org idle=1; *.org idle=2", "a.org", SET_IDLE, "2 block 1"},
		{"the same name twice: the later", "default; a.org idle=1; a.org idle=2", "a.org", SET_IDLE, "2 block 1"},
		{"stars are no literal characters", "default; ***.org idle=1; *x.org idle=2", "ax.org", SET_IDLE, "2 block 1"},
		{"a lone star over the default", "default idle=1; * idle=2", "a", SET_IDLE, "2 block 0"},
		{"key by key: the exact name's", "default idle=1 stale=1; *.org idle=2 stale=2 grace=2; a.org stale=3", "a.org", SET_STALE, "3 block 1"},
		{"key by key: the pattern's", "default idle=1 stale=1; *.org idle=2 stale=2 grace=2; a.org stale=3", "a.org", SET_IDLE, "2 block 0"},
		{"a value that no file gives counts as not given", "default steer=1 serve=7 sticky=9; *.org steer=9", "a.org", SET_STEER, "1 default"},
		{"a value that no file gives: serve", "default serve=7", "a.org", SET_SERVE, "0 builtin"},
		{"a value that no file gives: a time without off", "default grace=4294967295", "a", SET_GRACE, "300 builtin"},
		{"a value that no file gives: below its bound", "default connect-timeout=0", "a", SET_CONNECT_TIMEOUT, "3 builtin"},
		{"a value that no file gives: above its bound", "default rise=101", "a", SET_RISE, "2 builtin"},
		{"two values in a word", "default; *.org cool-off=0x500000005", "a.org", SET_COOL_OFF, "21474836485 block 0"},
		{"two values, the first out of bounds", "default; *.org cool-off=0x500000000", "a.org", SET_COOL_OFF, "1288490188830 builtin"},
		{"two values, the second out of bounds", "default; *.org cool-off=0xffff00000005", "a.org", SET_COOL_OFF, "1288490188830 builtin"},
		{"two values, the second less than the first", "default; *.org cool-off=0x500000006", "a.org", SET_COOL_OFF, "1288490188830 builtin"},
		{"two values, a count and milliseconds", "default silence=0x1f400000002", "a.org", SET_SILENCE, "2147483648002 default"},
		{"two values, too few milliseconds", "default silence=0x1f300000002", "a.org", SET_SILENCE, "31782757990404 builtin"},
		{"a set of statuses", "default fail-on=0x3fffffff", "a.org", SET_FAIL_ON, "1073741823 default"},
		{"a set of no status", "default fail-on=0", "a.org", SET_FAIL_ON, "0 default"},
		{"a set with a status that is none", "default fail-on=0x40000000", "a.org", SET_FAIL_ON, "63 builtin"},
		{"key by key: the default's", "default idle=1 steer=2; *.org idle=2; a.org stale=3", "a.org", SET_STEER, "2 default"},
		{"key by key: nobody's", "default idle=1; *.org idle=2; a.org stale=3", "a.org", SET_FAILBACK, "600 builtin"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab lab;
		lab_open(&lab, 8);
		check_row("settings, %s", rows[i].rule);
		check_true("stored", load(&lab.t, rows[i].file));
		check_text(rows[i].file, rows[i].expected, effective(&lab.t, rows[i].name, rows[i].key));
		lab_close(&lab);
	}
}

/* The defaults of the manual. */
static void builtin(void)
{
	static const uint64_t expected[SETTINGS] = {
		[SET_STICKY] = 1, [SET_ANSWER] = ANSWER_FIRST, [SET_STEER] = STEER_SIP, [SET_ABSENT] = ABSENT_GRACE,
		[SET_GRACE] = 300, [SET_STALE] = 86400, [SET_IDLE] = 10800, [SET_MAX_AGE] = SETTING_OFF,
		[SET_FAILBACK] = 600, [SET_SERVE] = 0, [SET_COOL_OFF] = PAIR(30, 300), [SET_CONNECT_TIMEOUT] = 3,
		[SET_SILENCE] = PAIR(4, 7400), [SET_FAIL_ON] = STATUSES_OF_SERVERS, [SET_SIP_PORTS] = 5061 << 16 | 5060,
		[SET_RETRY_AFTER_MAX] = 300, [SET_PROBE] = PROBE_OFF, [SET_PROBE_INTERVAL] = 30, [SET_RISE] = 2, [SET_FALL] = 3,
	};
	struct lab lab;
	lab_open(&lab, 8);
	const struct name n = lab_name("a");
	const struct settings set = settings_for(&lab.t, &n);
	for (unsigned k = 0; k < SETTINGS; k++) {
		check_row("a new table has the default of %s", setting_forms[k].key);
		check_number("value", expected[k], set.value[k]);
	}
	lab_close(&lab);
}

/* Several names lead to one endpoint. */
static void strictest(void)
{
	static const struct {
		const char *rule;
		enum setting k;
		uint64_t a, b, expected;
	} rows[] = {
		{"cool-off: the longest of each", SET_COOL_OFF, PAIR(10, 600), PAIR(30, 300), PAIR(30, 600)},
		{"connect-timeout: the shortest", SET_CONNECT_TIMEOUT, 3, 20, 3},
		{"silence: the fewest, the shortest", SET_SILENCE, PAIR(2, 9000), PAIR(4, 7400), PAIR(2, 7400)},
		{"fail-on: all", SET_FAIL_ON, STATUS_BIT(503), STATUS_BIT(404) | STATUS_BIT(503), STATUS_BIT(404) | STATUS_BIT(503)},
		{"sip-ports: all, each once", SET_SIP_PORTS, PORT_AT(0, 5060) | PORT_AT(1, 5061), PORT_AT(0, 5061) | PORT_AT(1, 5080),
		 PORT_AT(0, 5060) | PORT_AT(1, 5061) | PORT_AT(2, 5080)},
		{"sip-ports: as many as there is room for", SET_SIP_PORTS, PORT_AT(0, 1) | PORT_AT(1, 2) | PORT_AT(2, 3), PORT_AT(0, 4) | PORT_AT(1, 5),
		 PORT_AT(0, 1) | PORT_AT(1, 2) | PORT_AT(2, 3) | PORT_AT(3, 4)},
		{"sip-ports: none and some", SET_SIP_PORTS, 0, PORT_AT(0, 5060), PORT_AT(0, 5060)},
		{"retry-after-max: the longest", SET_RETRY_AFTER_MAX, 0, 300, 300},
		{"probe: off and tcp", SET_PROBE, PROBE_OFF, PROBE_TCP, PROBE_TCP},
		{"probe: tcp and options", SET_PROBE, PROBE_TCP, PROBE_OPTIONS, PROBE_OPTIONS},
		{"probe-interval: the shortest", SET_PROBE_INTERVAL, 30, 10, 10},
		{"rise: the highest", SET_RISE, 2, 5, 5},
		{"fall: the lowest", SET_FALL, 3, 1, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("strictest, %s", rows[i].rule);
		check_number("of both", rows[i].expected, setting_strictest(rows[i].k, rows[i].a, rows[i].b));
		if (rows[i].k != SET_SIP_PORTS)
			check_number("in whatever order", rows[i].expected, setting_strictest(rows[i].k, rows[i].b, rows[i].a));
	}
}

/* Is it the same for all names? */
static void defaults(void)
{
	struct lab lab;
	uint64_t value;
	lab_open(&lab, 8);
	check_row("a key that no block has");
	load(&lab.t, "default; a idle=2");
	check_true("is the same for all names", setting_default(&lab.t, SET_RISE, &value));
	check_number("value", 2, value);
	check_row("a key of the default block");
	load(&lab.t, "default rise=7; a idle=2");
	check_true("is the same for all names", setting_default(&lab.t, SET_RISE, &value));
	check_number("value", 7, value);
	check_row("a key of a host block");
	load(&lab.t, "default rise=7; a idle=2; b rise=3");
	check_true("may differ", !setting_default(&lab.t, SET_RISE, &value));
	check_number("value", 7, value);
	check_row("a value that no file gives");
	load(&lab.t, "default rise=0");
	check_true("is the same for all names", setting_default(&lab.t, SET_RISE, &value));
	check_number("value", 2, value);
	lab_close(&lab);
}

static void replaced(void)
{
	struct lab lab;
	char pattern[NAME_BYTES];
	lab_open(&lab, 8);
	check_row("a load replaces what was there");
	load(&lab.t, "default idle=1; a idle=2; b idle=3; c idle=4");
	check_text("first", "3 block 1", effective(&lab.t, "b", SET_IDLE));
	load(&lab.t, "default idle=5; c idle=6");
	check_text("second", "5 default", effective(&lab.t, "b", SET_IDLE));
	check_text("second", "6 block 0", effective(&lab.t, "c", SET_IDLE));
	load(&lab.t, "default");
	check_text("third", "10800 builtin", effective(&lab.t, "c", SET_IDLE));
	for (int i = 0; i < 100; i++)
		load(&lab.t, i % 2 ? "default idle=7; a idle=8" : "default idle=9");
	check_text("hundredth", "8 block 0", effective(&lab.t, "a", SET_IDLE));

	check_row("patterns can be read back");
	settings_pattern(&lab.t, 0, pattern);
	check_text("the first", "a", pattern);
	settings_pattern(&lab.t, 1, pattern);
	check_text("past the last", "", pattern);
	settings_pattern(&lab.t, -1, pattern);
	check_text("before the first", "", pattern);
	settings_pattern(&lab.t, SETTINGS_HOSTS, pattern);
	check_text("past all", "", pattern);
	lab_close(&lab);
}

static void many(void)
{
	static struct settings_block hosts[SETTINGS_HOSTS + 1];
	const struct settings_block defaults = {.given = 0};
	struct lab lab;
	lab_open(&lab, 8);
	for (unsigned i = 0; i <= SETTINGS_HOSTS; i++) {
		snprintf(hosts[i].pattern, NAME_BYTES, "h%u.example", i);
		hosts[i].given = 1u << SET_IDLE;
		hosts[i].set.value[SET_IDLE] = i;
	}
	check_row("as many blocks as there is room for");
	check_true("stored", settings_store(&lab.t, &defaults, hosts, SETTINGS_HOSTS, NULL));
	check_text("the last", "511 block 511", effective(&lab.t, "h511.example", SET_IDLE));
	check_row("one more changes nothing");
	check_true("refused", !settings_store(&lab.t, &defaults, hosts, SETTINGS_HOSTS + 1, NULL));
	check_text("the first", "0 block 0", effective(&lab.t, "h0.example", SET_IDLE));
	check_row("a pattern of 253 bytes");
	memset(hosts[0].pattern, 'x', NAME_MAX_LEN);
	for (int i = 63; i < NAME_MAX_LEN; i += 64)
		hosts[0].pattern[i] = '.';
	check_true("stored", settings_store(&lab.t, &defaults, hosts, 1, NULL));
	check_text("it", "0 block 0", effective(&lab.t, hosts[0].pattern, SET_IDLE));
	check_row("a read-only table");
	lab.t.writable = false;
	check_true("refused", !settings_store(&lab.t, &defaults, hosts, 1, NULL));
	lab_close(&lab);
}

/* A host count that the table cannot hold, patterns without end. */
static void torn(void)
{
	struct lab lab;
	lab_open(&lab, 8);
	load(&lab.t, "default idle=1; a idle=2");
	for (int bank = 0; bank < 2; bank++) {
		put32(&lab.t.settings[bank].hosts, UINT32_MAX);
		for (size_t w = 0; w < NAME_WORDS; w++)
			put64(&lab.t.settings[bank].host[SETTINGS_HOSTS - 1].pattern[w], UINT64_C(0x7878787878787878));
	}
	check_row("a count beyond the bank");
	check_text("what is there", "2 block 0", effective(&lab.t, "a", SET_IDLE));
	struct settings_block b;
	check_row("a block past all");
	check_true("there is none", !settings_block(&lab.t, SETTINGS_HOSTS, &b) && !settings_block(&lab.t, -3, &b));
	check_true("the last", settings_block(&lab.t, SETTINGS_HOSTS - 1, &b));
	check_row("a block with values that no file gives");
	load(&lab.t, "default idle=1 rise=0; a idle=2 fall=900");
	check_true("the default block", settings_block(&lab.t, FROM_DEFAULT, &b));
	check_number("its keys", 1u << SET_IDLE, b.given);
	check_true("the host block", settings_block(&lab.t, 0, &b));
	check_number("its keys", 1u << SET_IDLE, b.given);
	check_number("its value", 2, b.set.value[SET_IDLE]);
	check_text("its pattern", "a", b.pattern);
	check_row("a pattern without end");
	for (int bank = 0; bank < 2; bank++)
		put32(&lab.t.settings[bank].hosts, UINT32_MAX);
	char pattern[NAME_BYTES];
	settings_pattern(&lab.t, SETTINGS_HOSTS - 1, pattern);
	check_number("length", NAME_BYTES - 1, strnlen(pattern, NAME_BYTES));
	lab_close(&lab);
}

int main(void)
{
	builtin();
	rules();
	strictest();
	defaults();
	replaced();
	many();
	torn();
	return check_done();
}
