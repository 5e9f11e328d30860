// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "cluster/etcd_text.h"

#include <string>

namespace base64_test {

using namespace sluice::cluster;

TEST_CASE("base64: the examples of RFC 4648 come out, and go in again") {
    const std::string_view examples[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : examples) {
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == std::string(bytes));
    }
}

TEST_CASE("base64: every byte comes back") {
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        bytes += static_cast<char>(i);
    CHECK(from_base64(to_base64(bytes)) == bytes);
}

TEST_CASE("base64: what is none is none") {
    for (const char* text : {"Z", "Zg=", "Zg", "Z===", "====", "Zm9v\n", "Zm-v", "=Zg="})
        CHECK(!from_base64(text));
}

}  // namespace base64_test
