// SPDX-License-Identifier: BSD-3-Clause
#include "base/result.h"

#include "catch.h"

#include <memory>
#include <string>

namespace result_test {

using namespace sluice;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0)
        return Error{std::to_string(number) + " is odd"};
    return number / 2;
}

Status must_be_even(int number) {
    if (const auto result = half(number); !result)
        return result.error();
    return Done{};
}

}  // namespace

TEST_CASE("result: holds a value", "[base]") {
    auto result = half(8);
    REQUIRE(result.ok());
    CHECK(static_cast<bool>(result));
    CHECK(*result == 4);
    *result = 5;
    CHECK(std::as_const(result).value() == 5);
}

TEST_CASE("result: holds the sentence that says why there is no value", "[base]") {
    const auto result = half(7);
    REQUIRE_FALSE(result.ok());
    CHECK_FALSE(static_cast<bool>(result));
    CHECK(result.error().message == "7 is odd");
}

TEST_CASE("result: a step without a value passes the error on", "[base]") {
    CHECK(must_be_even(2).ok());
    REQUIRE_FALSE(must_be_even(3).ok());
    CHECK(must_be_even(3).error().message == "3 is odd");
}

TEST_CASE("result: what can only be moved is moved out", "[base]") {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(9);
    REQUIRE(result.ok());
    CHECK(*result->get() == 9);
    const std::unique_ptr<int> owner = std::move(result).value();
    CHECK(*owner == 9);
}

TEST_CASE("result: a string value is not taken for an error", "[base]") {
    const Result<std::string> result = std::string("text");
    REQUIRE(result.ok());
    CHECK(result.value() == "text");
}

}  // namespace result_test
