/*
 * A program that looks names up and connects, driven line by line: the tests' stand-in for any program,
 * already running or started for one command.
 *
 *   lookup_client COMMAND WORD...      one command from the arguments
 *   lookup_client                      a command a line on standard input, until its end or `quit`
 *
 *   first HOST               the first IPv4 address that getaddrinfo gives, or the name of its error
 *   all HOST                 all of them in their order, separated by spaces
 *   byname HOST              the same through gethostbyname
 *   first6 HOST              the first IPv6 address
 *   many HOST N              N lookups; prints each different first address with its count
 *   walk HOST PORT           what most programs do: connect to each address in turn until one accepts
 *   connect HOST PORT        what some do: connect to the first address only
 *   churn_walk HOST N PORT   N walks; prints how many tries were refused
 *   elsewhere HOST PORT      a lookup, a connect to its first address, a lookup; prints the last
 *   churn PREFIX COUNT PORT  writes to the table without a pause: looks PREFIX0.test to PREFIX(COUNT-1).test
 *                            up and connects to each, round and round; ends with standard input
 *
 * Every command prints exactly one line: `walk` and `connect` print ADDR=RESULT for each address tried,
 * RESULT being ok or errno's name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 64, TEXT = INET6_ADDRSTRLEN };

struct answer {
    int error;      /* of getaddrinfo, or 0 */
    int count;
    char text[ADDRESSES][TEXT];
};

static const char *gai_name(int error)
{
    switch (error) {
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_FAIL: return "EAI_FAIL";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_NODATA: return "EAI_NODATA";
    case EAI_SYSTEM: return "EAI_SYSTEM";
    default: return gai_strerror(error);
    }
}

static void look_up(const char *host, int family, struct answer *answer)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *list, *node;

    answer->count = 0;
    answer->error = getaddrinfo(host, NULL, &hints, &list);
    if (answer->error)
        return;
    for (node = list; node && answer->count < ADDRESSES; node = node->ai_next)
        getnameinfo(node->ai_addr, node->ai_addrlen, answer->text[answer->count++], TEXT, NULL, 0,
                    NI_NUMERICHOST);
    freeaddrinfo(list);
}

static void print_first(const char *host, int family)
{
    struct answer answer;

    look_up(host, family, &answer);
    puts(answer.error ? gai_name(answer.error) : answer.text[0]);
}

static void print_all(const char *host)
{
    struct answer answer;

    look_up(host, AF_INET, &answer);
    if (answer.error)
        fputs(gai_name(answer.error), stdout);
    for (int i = 0; i < answer.count; i++)
        printf("%s%s", i ? " " : "", answer.text[i]);
    putchar('\n');
}

static void print_byname(const char *host)
{
    struct hostent *entry = gethostbyname(host);
    char text[TEXT];

    if (!entry)
        printf("%s", h_errno == TRY_AGAIN ? "TRY_AGAIN" : h_errno == HOST_NOT_FOUND ? "HOST_NOT_FOUND" : "OTHER");
    for (int i = 0; entry && entry->h_addr_list[i]; i++)
        printf("%s%s", i ? " " : "", inet_ntop(entry->h_addrtype, entry->h_addr_list[i], text, sizeof text));
    putchar('\n');
}

/* Counts by address, in the order of their first appearance. */
static void print_many(const char *host, int times)
{
    static char seen[ADDRESSES][TEXT];
    int count[ADDRESSES] = { 0 }, kinds = 0;

    for (int i = 0, k; i < times; i++) {
        struct answer answer;

        look_up(host, AF_INET, &answer);
        const char *text = answer.error ? gai_name(answer.error) : answer.text[0];
        for (k = 0; k < kinds && strcmp(seen[k], text); k++)
            ;
        if (k == kinds && kinds < ADDRESSES)
            snprintf(seen[kinds++], TEXT, "%s", text);
        if (k < ADDRESSES)
            count[k]++;
    }
    for (int k = 0; k < kinds; k++)
        printf("%s%s=%d", k ? " " : "", seen[k], count[k]);
    putchar('\n');
}

/* One blocking connect. Returns 0 or errno. */
static int try(const char *address, int port)
{
    struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

    inet_pton(AF_INET, address, &peer.sin_addr);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) == -1)
        error = errno;
    close(fd);
    return error;
}

static void print_walk(const char *host, int port, int limit)
{
    struct answer answer;
    int error = -1;

    look_up(host, AF_INET, &answer);
    if (answer.error)
        fputs(gai_name(answer.error), stdout);
    for (int i = 0; i < answer.count && i < limit && error; i++) {
        error = try(answer.text[i], port);
        printf("%s%s=%s", i ? " " : "", answer.text[i], error ? strerrorname_np(error) : "ok");
    }
    putchar('\n');
}

static void print_churn_walk(const char *host, int times, int port)
{
    int refused = 0;

    while (times-- > 0) {
        struct answer answer;
        int error = -1;

        look_up(host, AF_INET, &answer);
        for (int i = 0; i < answer.count && error; i++) {
            error = try(answer.text[i], port);
            refused += error == ECONNREFUSED;
        }
    }
    printf("%d refused\n", refused);
}

static void print_elsewhere(const char *host, int port)
{
    struct answer answer;

    look_up(host, AF_INET, &answer);
    if (!answer.error)
        try(answer.text[0], port);
    print_first(host, AF_INET);
}

static int input_pending(void)
{
    struct pollfd input = { .fd = 0, .events = POLLIN };

    return poll(&input, 1, 0) > 0;
}

static void churn(const char *prefix, int count, int port)
{
    unsigned long rounds = 0;

    for (; !input_pending(); rounds++) {
        char host[256];
        struct answer answer;

        snprintf(host, sizeof host, "%s%lu.test", prefix, rounds % (unsigned long)count);
        look_up(host, AF_INET, &answer);
        if (!answer.error)
            try(answer.text[0], port);
    }
    printf("%lu rounds\n", rounds);
}

static int obey(char *line)
{
    char *save, *verb = strtok_r(line, " \n", &save), *host = strtok_r(NULL, " \n", &save);
    char *third = strtok_r(NULL, " \n", &save), *fourth = strtok_r(NULL, " \n", &save);
    int number = third ? atoi(third) : 0;

    if (!verb || !host)
        return 2;
    if (!strcmp(verb, "first"))
        print_first(host, AF_INET);
    else if (!strcmp(verb, "first6"))
        print_first(host, AF_INET6);
    else if (!strcmp(verb, "all"))
        print_all(host);
    else if (!strcmp(verb, "byname"))
        print_byname(host);
    else if (!strcmp(verb, "many"))
        print_many(host, number);
    else if (!strcmp(verb, "walk"))
        print_walk(host, number, ADDRESSES);
    else if (!strcmp(verb, "connect"))
        print_walk(host, number, 1);
    else if (!strcmp(verb, "elsewhere"))
        print_elsewhere(host, number);
    else if (!strcmp(verb, "churn_walk") && fourth)
        print_churn_walk(host, number, atoi(fourth));
    else if (!strcmp(verb, "churn") && fourth)
        churn(host, number, atoi(fourth));
    else
        return 2;
    return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    char line[1024] = "";

    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            snprintf(line + strlen(line), sizeof line - strlen(line), "%s ", argv[i]);
        return obey(line);
    }
    while (fgets(line, sizeof line, stdin) && strcmp(line, "quit\n"))
        if (obey(line))
            printf("?\n"), fflush(stdout);
    return 0;
}
