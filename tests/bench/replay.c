/* replay TRACE DATABASE: the ceiling. Writes the rows of a trace (counting.cpp) in the same transactions and with the
   same statements, and does nothing else. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

static sqlite3* db;
static sqlite3_stmt* statements[256];
static uint32_t known = 0;

static void need(int ok, const char* what) {
  if (ok) return;
  fprintf(stderr, "replay: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "failed");
  exit(1);
}

static uint32_t number(const char** at) {
  uint32_t n;
  memcpy(&n, *at, sizeof n);
  *at += sizeof n;
  return n;
}

static void exec(const char* sql, uint32_t n) {
  char* text = strndup(sql, n);
  need(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
  free(text);
}

static const char* run(const char* at) {
  const uint32_t id = number(&at);
  const uint32_t values = number(&at);
  need(id < known, "a statement that was not prepared");
  sqlite3_stmt* s = statements[id];
  for (uint32_t i = 1; i <= values; ++i) {
    const char type = *at++;
    if (type == 'i') {
      sqlite3_int64 v;
      memcpy(&v, at, sizeof v);
      at += sizeof v;
      sqlite3_bind_int64(s, (int)i, v);
      continue;
    }
    const uint32_t n = number(&at);
    if (type == 't')
      sqlite3_bind_text64(s, (int)i, at, n, SQLITE_STATIC, SQLITE_UTF8);
    else if (type == 'b')
      sqlite3_bind_blob64(s, (int)i, at, n, SQLITE_STATIC);
    else
      sqlite3_bind_null(s, (int)i);
    at += n;
  }
  need(sqlite3_step(s) == SQLITE_DONE, "a write");
  sqlite3_reset(s);
  return at;
}

int main(int argc, char** argv) {
  need(argc == 3, "usage: replay TRACE DATABASE");
  const int fd = open(argv[1], O_RDONLY);
  struct stat st;
  need(fd >= 0 && fstat(fd, &st) == 0, argv[1]);
  const size_t size = (size_t)st.st_size;
  const char* at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  need(at != MAP_FAILED, "mmap");
  const char* end = at + size;
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  need(sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ==
           SQLITE_OK,
       argv[2]);
  exec("PRAGMA page_size=4096", 21);
  exec("PRAGMA journal_mode=WAL", 23);
  int open_transaction = 0; /* the schema is made in one that the trace does not show */
  while (at < end) {
    const char what = *at++;
    if (what == 'X') {
      const uint32_t n = number(&at);
      if (strncmp(at, "PRAGMA page_size", 16) != 0 || n == 0) exec(at, n);
      at += n;
    } else if (what == 'P') {
      const uint32_t n = number(&at);
      need(known < 256, "too many statements");
      need(sqlite3_prepare_v3(db, at, (int)n, SQLITE_PREPARE_PERSISTENT, &statements[known], NULL) == SQLITE_OK,
           "a statement");
      ++known;
      at += n;
    } else if (what == 'S') {
      at = run(at);
    } else if (what == 'B') {
      exec("BEGIN IMMEDIATE", 15);
      open_transaction = 1;
    } else if (what == 'C' && open_transaction) {
      exec("COMMIT", 6);
      open_transaction = 0;
    }
  }
  for (uint32_t i = 0; i < known; ++i) sqlite3_finalize(statements[i]);
  sqlite3_close(db);
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("{\"wall\": %.6f}\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
  return 0;
}
