// SPDX-License-Identifier: BSD-3-Clause
#include "helper/lines.h"

#include "catch.h"

namespace lines_test {

using namespace sluice::helper;

TEST_CASE("lines: the first bytes begin one, and what follows a line end", "[helper]") {
    const uint32_t start = GENERATE(0U, 1000U, 0xffff'fffaU);
    Lines lines;
    CHECK(lines.first_in("USER x\r\n", start) == 0U);
    lines.pass("USER x\r\n", start);
    CHECK(lines.first_in("PASS y\r\n", start + 8) == 0U);
    CHECK_FALSE(lines.first_in("ASS y\r\n", start + 9));
}

TEST_CASE("lines: what is sent again begins one too, and may begin before it", "[helper]") {
    Lines lines;
    lines.pass("USER x\r\n", 100);
    lines.pass("PASS y\r\n", 108);
    CHECK(lines.first_in("PASS y\r\n", 108) == 0U);
    CHECK(lines.first_in("ER x\r\nPASS y\r\n", 102) == 6U);
    CHECK(lines.first_in("LIST\r\n", 116) == 0U);
    lines.pass("PASS y\r\n", 108);  // again: nothing is forgotten by it
    CHECK(lines.first_in("LIST\r\n", 116) == 0U);
}

TEST_CASE("lines: a line in parts goes on", "[helper]") {
    Lines lines;
    lines.pass("STOR ", 100);
    CHECK_FALSE(lines.first_in("name", 105));
    lines.pass("name\r\n", 105);
    CHECK(lines.first_in("LIST\r\n", 111) == 0U);
}

}  // namespace lines_test
