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
}

TEST_CASE("address key: where none can be kept, that is said", "[sluice]") {
    Keeper keeper;
    CHECK(keeper.keep("/nonexistent/sluice.sock.address-key"));
    CHECK(keeper.warning ==
          "hosts may get other public addresses at the next start: cannot write "
          "/nonexistent/sluice.sock.address-key: No such file or directory");
}

}  // namespace address_key_test
