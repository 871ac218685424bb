/* The limit: k-means over HTTP/1.1 keep-alive on a bare socket, one thread a connection. No checks, no errors, no
 * logs: what is left when only the work is done. usage: limit PORT CENTRES  (CENTRES: k d, then k*d numbers) */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int k, d;
static double *centre, *half; /* half[j] = |c_j|^2 / 2 */

static const double power[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* Up to 15 digits without an exponent are exact as integer / power of ten; everything else is strtod's. */
static double number(const char *p, char **after) {
    const char *start = p;
    int negative = *p == '-', digits = 0, decimals = 0;
    uint64_t value = 0;
    p += negative;
    for (; *p >= '0' && *p <= '9'; p++, digits++) value = value * 10 + (uint64_t)(*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, digits++, decimals++) value = value * 10 + (uint64_t)(*p - '0');
    if (digits == 0 || digits > 15 || (*p | 32) == 'e') return strtod(start, after);
    *after = (char *)p;
    double x = (double)value / power[decimals];
    return negative ? -x : x;
}

static size_t answer(const char *p, const char *end, char *out) {
    char *write = out, *next;
    double row[d];
    int filled = 0;
    while (p < end) {
        if (!((*p >= '0' && *p <= '9') || *p == '-' || *p == '.')) { p++; continue; } /* , \n [ ] and spaces */
        row[filled++] = number(p, &next);
        p = next;
        if (filled < d) continue;
        filled = 0;
        int best = 0;
        double most = -1e308;
        for (int j = 0; j < k; j++) {
            double dot = -half[j];
            for (int i = 0; i < d; i++) dot += row[i] * centre[j * d + i];
            if (dot > most) most = dot, best = j;
        }
        if (best > 9) *write++ = (char)('0' + best / 10);
        *write++ = (char)('0' + best % 10);
        *write++ = '\n';
    }
    return (size_t)(write - out);
}

static void *serve(void *argument) {
    int socket = (int)(intptr_t)argument;
    size_t room = 1 << 23, have = 0;
    char *buffer = malloc(room + 1), *out = malloc(room);
    for (;;) {
        char *body = NULL;
        size_t need = 0;
        for (;;) { /* headers, then as many bytes as they promise */
            buffer[have] = 0;
            if (!body && (body = strstr(buffer, "\r\n\r\n"))) {
                char *length = strcasestr(buffer, "\r\ncontent-length:");
                body += 4;
                need = (size_t)(body - buffer) + (length && length < body ? strtoul(length + 17, NULL, 10) : 0);
            }
            if (body && have >= need) break;
            ssize_t got = have < room ? recv(socket, buffer + have, room - have, 0) : 0;
            if (got <= 0) { close(socket), free(buffer), free(out); return NULL; }
            have += (size_t)got;
        }
        size_t size = answer(body, buffer + need, out + 128);
        char head[128];
        int length = snprintf(head, sizeof head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: %zu\r\n\r\n", size);
        char *reply = memcpy(out + 128 - length, head, (size_t)length);
        for (size_t left = size + (size_t)length; left;) {
            ssize_t sent = send(socket, reply, left, MSG_NOSIGNAL);
            if (sent <= 0) break;
            reply += sent, left -= (size_t)sent;
        }
        memmove(buffer, buffer + need, have -= need);
    }
}

int main(int count, char **argument) {
    FILE *file = count == 3 ? fopen(argument[2], "r") : NULL;
    if (!file || fscanf(file, "%d %d", &k, &d) != 2) return 2;
    centre = malloc(sizeof(double) * (size_t)(k * d)), half = calloc((size_t)k, sizeof(double));
    for (int i = 0; i < k * d; i++) {
        if (fscanf(file, "%lf", centre + i) != 1) return 2;
        half[i / d] += centre[i] * centre[i] / 2;
    }
    int one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument[1]))};
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 4096)) return 3;
    for (;;) {
        int socket = accept(door, NULL, NULL);
        pthread_t thread;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (socket >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)socket) == 0) pthread_detach(thread);
    }
}
