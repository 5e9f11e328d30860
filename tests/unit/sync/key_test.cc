// SPDX-License-Identifier: BSD-3-Clause
#include "sync/key.h"

#include "base/sip_hash.h"
#include "catch.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace key_test {

using namespace sluice;
using namespace sluice::sync;

namespace {

/// A file with that text; gone with the object.
class File {
public:
    explicit File(const std::string& text, mode_t mode = 0600) {
        const int descriptor = mkstemp(name_.data());
        REQUIRE(descriptor >= 0);
        close(descriptor);
        std::ofstream(name_) << text;
        REQUIRE(chmod(name_.c_str(), mode) == 0);
    }
    ~File() { unlink(name_.c_str()); }
    const std::string& name() const { return name_; }

private:
    std::string name_ = "/tmp/sluice-key.XXXXXX";
};

const std::string kDigits(64, 'a');

}  // namespace

TEST_CASE("sync key: 64 hexadecimal digits are one, with a line's end or without", "[sync]") {
    const File file(kDigits);
    const File line("0123456789abcdefABCDEF" + kDigits.substr(22) + "\n");
    REQUIRE(read_key(file.name()).ok());
    CHECK(read_key(file.name()).value()[31] == 0xaa);
    REQUIRE(read_key(line.name()).ok());
    CHECK(read_key(line.name()).value()[0] == 0x01);
    CHECK(read_key(line.name()).value()[10] == 0xef);
}

TEST_CASE("sync key: what is none is refused, and the file is named", "[sync]") {
    for (const std::string& text : {kDigits.substr(1), kDigits + "a", kDigits.substr(1) + "g",
                                    std::string(), kDigits + "\n\n", std::string(200, 'a')}) {
        const File file(text);
        const auto key = read_key(file.name());
        REQUIRE_FALSE(key.ok());
        CHECK(key.error().message.find("--sync-key " + file.name()) == 0);
    }
    CHECK_FALSE(read_key("/nonexistent/key").ok());
    CHECK_FALSE(read_key("/").ok());
}

TEST_CASE("sync key: a pipe that nobody writes to is refused, not waited for", "[sync]") {
    const File file(kDigits);
    REQUIRE(unlink(file.name().c_str()) == 0);
    REQUIRE(mkfifo(file.name().c_str(), 0600) == 0);
    CHECK_FALSE(read_key(file.name()).ok());
}

TEST_CASE("sync key: a key that others may use is refused", "[sync]") {
    for (const mode_t mode : {0640, 0604, 0620}) {
        const File file(kDigits, mode);
        CHECK_FALSE(read_key(file.name()).ok());
    }
}

TEST_CASE("sync key: addresses are chosen by it, and by another with another", "[sync]") {
    Key key{};
    const auto first = address_key_of(key);
    CHECK(address_key_of(key) == first);
    key[31] = 1;
    CHECK(address_key_of(key) != first);
}

TEST_CASE("sync key: numbers of IPv6 hosts have one of their own by it, inside and outside",
          "[sync]") {
    for (const auto key_of : {number_key_of, outside_number_key_of}) {
        Key key{};
        const auto first = key_of(key);
        CHECK(key_of(key) == first);
        CHECK(address_key_of(key) != first);
        key[0] = 1;
        CHECK(key_of(key) != first);
    }
    CHECK(number_key_of({}) != outside_number_key_of({}));
}

TEST_CASE("sync key: one is derived from an address key, and another from another", "[sync]") {
    const Key key = key_by({1, 2});
    CHECK(key_by({1, 2}) == key);
    CHECK(key_by({1, 3}) != key);
    CHECK(key_by({2, 2}) != key);
    CHECK(number_key_of(key) != SipKey{1, 2});
}

}  // namespace key_test
