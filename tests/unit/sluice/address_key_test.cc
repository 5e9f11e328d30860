// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/address_key.h"

#include "catch.h"
#include "testing/temporary_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace address_key_test {

using namespace sluice;
using sluice::testing::TemporaryFile;

namespace {

struct Keeper {
    Result<pool::AddressKey> keep(const std::string& file) {
        return keep_address_key(file, [this](std::string_view text) { warning = text; });
    }
    std::string warning;
};

}  // namespace

TEST_CASE("address key: drawn once, then kept, for nobody else to read", "[sluice]") {
    const TemporaryFile socket("");
    const std::string file = address_key_file(socket.path());
    Keeper keeper;
    const auto first = keeper.keep(file);
    REQUIRE(first);
    struct stat found {};
    REQUIRE(stat(file.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    const auto second = keeper.keep(file);
    unlink(file.c_str());
    REQUIRE(second);
    CHECK(*second == *first);
    const auto another = keeper.keep(file);
    unlink(file.c_str());
    REQUIRE(another);
    CHECK_FALSE(*another == *first);
    CHECK(keeper.warning.empty());
}

TEST_CASE("address key: a file that holds none is left alone", "[sluice]") {
    const TemporaryFile file("not a key\n");
    Keeper keeper;
    const auto key = keeper.keep(file.path());
    REQUIRE_FALSE(key);
    CHECK(key.error().message ==
          file.path() +
              " holds no key of 32 hexadecimal digits: mend it, or remove it and a new "
              "one is drawn");
    REQUIRE(unlink(file.path().c_str()) == 0);
    REQUIRE(mkfifo(file.path().c_str(), 0600) == 0);  // which nobody writes to
    CHECK_FALSE(keeper.keep(file.path()));
}

TEST_CASE("address key: one that others may know is not gone by, and not overwritten", "[sluice]") {
    const TemporaryFile file("0123456789abcdef0123456789abcdef\n");
    Keeper keeper;
    REQUIRE(keeper.keep(file.path()));
    for (const mode_t mode : {0640, 0602, 0604, 0660}) {
        CAPTURE(mode);
        REQUIRE(chmod(file.path().c_str(), mode) == 0);
        const auto key = keeper.keep(file.path());
        REQUIRE_FALSE(key);
        CHECK(key.error().message ==
              file.path() +
                  ": others than the user of sluice may know the key; give it to him, mode 600, or "
                  "remove it and a new one is drawn");
    }
    REQUIRE(chmod(file.path().c_str(), 0600) == 0);
    CHECK(keeper.keep(file.path()));
    CHECK(keeper.warning.empty());
}

TEST_CASE("address key: where none can be kept, that is said", "[sluice]") {
    Keeper keeper;
    CHECK(keeper.keep("/nonexistent/sluice.sock.address-key"));
    CHECK(keeper.warning ==
          "hosts may get other public addresses at the next start: cannot write "
          "/nonexistent/sluice.sock.address-key: No such file or directory");
}

}  // namespace address_key_test
