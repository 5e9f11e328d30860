// SPDX-License-Identifier: BSD-3-Clause
#include "base/serial.h"

#include "catch.h"

namespace serial_test {

using namespace sluice;

TEST_CASE("serial: the order does not depend on where the numbers run round", "[base]") {
    const auto start = GENERATE(0u, 1u, 1000u, 0x7fffffffu, 0x80000000u, 0xfffffff0u, 0xffffffffu);
    const auto step = GENERATE(1u, 2u, 65535u, 0x40000000u, 0x7fffffffu);
    CAPTURE(start, step);
    CHECK(is_before(start, start + step));
    CHECK(is_after(start + step, start));
    CHECK_FALSE(is_after(start, start + step));
    CHECK_FALSE(is_before(start + step, start));
}

TEST_CASE("serial: no number is before or after itself", "[base]") {
    const auto number = GENERATE(0u, 0x80000000u, 0xffffffffu);
    CHECK_FALSE(is_before(number, number));
    CHECK_FALSE(is_after(number, number));
}

}  // namespace serial_test
