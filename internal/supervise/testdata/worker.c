// worker is the smallest program that fulfils the contract as far as readiness
// goes: it reads its token on stdin, listens on its port and proves itself on
// /ping. Static and of a few pages, it costs what the kernel asks for a process
// and hides nothing of what starts it. Called as "worker pause", it only waits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t h[8], const uint8_t *p) {
	uint32_t w[64], v[8];
	for (int i = 0; i < 16; i++, p += 4) w[i] = p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] + (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, h, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t a = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
		uint32_t b = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += a;
		v[0] = a + b;
	}
	for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void sha256(const uint8_t *data, size_t n, uint8_t out[32]) {
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t last[128] = {0};
	size_t whole = n / 64 * 64, rest = n - whole, size = rest < 56 ? 64 : 128;
	for (size_t i = 0; i < whole; i += 64) block(h, data + i);
	memcpy(last, data + whole, rest);
	last[rest] = 0x80;
	for (int i = 0; i < 8; i++) last[size - 1 - i] = (uint8_t)(n * 8 >> 8 * i);
	for (size_t i = 0; i < size; i += 64) block(h, last + i);
	for (int i = 0; i < 32; i++) out[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void proof(const char *token, const char *text, char hex[65]) {
	uint8_t buf[1024], sum[32], key[64] = {0};
	size_t n = strlen(text);
	memcpy(key, token, strlen(token) < 64 ? strlen(token) : 64);
	for (int i = 0; i < 64; i++) buf[i] = key[i] ^ 0x36;
	memcpy(buf + 64, text, n);
	sha256(buf, 64 + n, sum);
	for (int i = 0; i < 64; i++) buf[i] = key[i] ^ 0x5c;
	memcpy(buf + 64, sum, 32);
	sha256(buf, 96, sum);
	for (int i = 0; i < 32; i++) sprintf(hex + 2 * i, "%02x", sum[i]);
}

static char *field(char *text, const char *name) {
	char *at = strstr(text, name);
	if (!at) return "";
	at += strlen(name);
	at[strcspn(at, "\r\n")] = 0;
	return at;
}

int main(int argc, char **argv) {
	static char ini[65536], req[8192], text[512], hex[65], body[512], answer[1024];
	if (argc > 1 && !strcmp(argv[1], "pause"))
		for (;;) pause();
	for (ssize_t n, have = 0; (n = read(0, ini + have, sizeof ini - 1 - have)) > 0;) have += n;
	char *token = field(ini, "token = ");
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT"))), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 16)) return 1;
	for (;;) {
		int c = accept(s, 0, 0);
		ssize_t n = read(c, req, sizeof req - 1);
		if (n > 0) {
			req[n] = 0;
			snprintf(text, sizeof text, "%s\n%s\n%s", field(req, "\nNonce: "), getenv("INITIATOR_GUID"), getenv("INITIATOR_INCARNATION"));
			proof(token, text, hex);
			int m = snprintf(body, sizeof body, "{\"success\":true,\"code\":0,\"message\":\"PONG!\",\"data\":{\"proof\":\"%s\"}}", hex);
			m = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", m, body);
			if (write(c, answer, m) > 0) read(c, req, sizeof req); // until the other end closes first
		}
		close(c);
	}
}
