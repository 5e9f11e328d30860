// SPDX-License-Identifier: BSD-3-Clause
#include "command/control_socket.h"

#include "catch.h"
#include "temporary_directory.h"

#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace control_socket_test {

using namespace sluice;
using namespace sluice::command;
using test::TemporaryDirectory;

namespace {

std::string refusal(const std::string& path) {
    const auto socket = ControlSocket::open(path);
    return socket ? "" : socket.error().message;
}

bool mentions(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
}

/// Binds a socket there, as a program does that knows nothing of our lock.
Descriptor bind_at(const std::string& path) {
    Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    return fd;
}

mode_t mode_of(const std::string& path) {
    struct stat found {};
    REQUIRE(lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("control socket: only the owner may use it, whatever the umask", "[command]") {
    const TemporaryDirectory directory;
    const mode_t before = umask(0);
    const auto socket = ControlSocket::open(directory.file("s"));
    umask(before);
    REQUIRE(socket);
    CHECK(mode_of(directory.file("s")) == 0600);
    CHECK(mode_of(directory.file("s.lock")) == 0600);
}

TEST_CASE("control socket: a group may use it, by name or number", "[command]") {
    const TemporaryDirectory directory;
    const auto own = find_group(std::to_string(getegid()));  // which whoever runs this may give
    REQUIRE(own);
    CHECK(own.value() == getegid());
    const auto socket = ControlSocket::open(directory.file("s"), own.value());
    REQUIRE(socket);
    CHECK(mode_of(directory.file("s")) == 0660);
    CHECK(mode_of(directory.file("s.lock")) == 0600);
    struct stat found {};
    REQUIRE(lstat(directory.file("s").c_str(), &found) == 0);
    CHECK(found.st_gid == getegid());

    const auto root = find_group("root");
    REQUIRE(root);
    CHECK(root.value() == 0);
    for (const char* name : {"no such group", "12x", "-1", ""}) {
        INFO(name);
        const auto none = find_group(name);
        REQUIRE_FALSE(none);
        CHECK(mentions(none.error().message, "--control-group " + std::string(name)));
    }
}

TEST_CASE("control socket: it leaves nothing behind", "[command]") {
    const TemporaryDirectory directory;
    {
        auto socket = ControlSocket::open(directory.file("s"));
        REQUIRE(socket);
        const ControlSocket moved = std::move(socket).value();
        CHECK_FALSE(directory.is_empty());
    }
    CHECK(directory.is_empty());
}

TEST_CASE("control socket: a second instance is refused, and the first stays", "[command]") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("s");
    {
        const auto first = ControlSocket::open(path);
        REQUIRE(first);
        CHECK(mentions(refusal(path), path));
        CHECK(mentions(refusal(path), "another instance of sluice"));
        CHECK(std::filesystem::exists(path));
    }
    CHECK(ControlSocket::open(path));
}

TEST_CASE("control socket: what a crash left behind is replaced", "[command]") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("s");
    bind_at(path);  // and closed, but not removed
    std::ofstream(path + ".lock").put('x');
    {
        const auto socket = ControlSocket::open(path);
        REQUIRE(socket);
        CHECK(mode_of(path) == 0600);
    }
    CHECK(directory.is_empty());
}

TEST_CASE("control socket: what belongs to others is left alone", "[command]") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("s");

    SECTION("another program's live socket") {
        const Descriptor other = bind_at(path);
        REQUIRE(listen(other.get(), 1) == 0);
        CHECK(mentions(refusal(path), "another program"));
        CHECK(std::filesystem::is_socket(path));
    }
    SECTION("a file that is no socket") {
        std::ofstream(path) << "precious";
        CHECK(mentions(refusal(path), "not a socket"));
        CHECK(std::filesystem::file_size(path) == 8);
    }
    SECTION("a symbolic link in the place of the lock") {
        std::ofstream(directory.file("target")) << "precious";
        std::filesystem::create_symlink(directory.file("target"), path + ".lock");
        CHECK_FALSE(refusal(path).empty());
        CHECK(std::filesystem::file_size(directory.file("target")) == 8);
    }
    // No lock of ours is left.
    CHECK(
        (std::filesystem::is_symlink(path + ".lock") || !std::filesystem::exists(path + ".lock")));
}

TEST_CASE("control socket: a path that cannot be is refused in a sentence", "[command]") {
    CHECK(mentions(refusal(""), "must begin with a slash"));
    CHECK(mentions(refusal("sluice.sock"), "must begin with a slash"));
    CHECK(mentions(refusal("/" + std::string(200, 'x')), "longer than the 107 bytes"));
    CHECK(mentions(refusal("/nowhere/at/all.sock"), "No such file or directory"));
}

}  // namespace control_socket_test
