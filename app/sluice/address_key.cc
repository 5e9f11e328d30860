// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/address_key.h"

#include "base/descriptor.h"
#include "base/wiped.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice {
namespace {

/// Who has read the key, or written it, can tell which hosts share an address.
bool is_secret(const struct stat& status) {
    return status.st_uid == geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

Result<pool::AddressKey> read_key(const std::string& name, const Descriptor& file) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0)
        return Error{"cannot look at " + name + ": " + std::strerror(errno)};
    if (!is_secret(status))
        return Error{name +
                     ": others than the user of sluice may know the key; give it to him, mode 600, "
                     "or remove it and a new one is drawn"};
    Wiped<std::array<char, 2 * pool::kAddressKeyDigits>> text{};
    const ssize_t bytes = read(file.get(), text.data(), text.size());
    if (bytes < 0)
        return Error{"cannot read " + name + ": " + std::strerror(errno)};
    std::string_view word(text.data(), static_cast<size_t>(bytes));
    if (word.ends_with('\n'))
        word.remove_suffix(1);
    const auto key = pool::parse_address_key(word);
    if (!key)
        return Error{name + " holds no key of " + std::to_string(pool::kAddressKeyDigits) +
                     " hexadecimal digits: mend it, or remove it and a new one is drawn"};
    return *key;
}

}  // namespace

std::string address_key_file(const std::string& socket) {
    return socket + ".address-key";
}

Result<pool::AddressKey> keep_address_key(const std::string& name,
                                          const std::function<void(std::string_view)>& warn) {
    // Not blocking: a pipe that nobody writes to is refused, not waited for.
    constexpr int kHow = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;
    const Descriptor known(open(name.c_str(), kHow));
    if (known)
        return read_key(name, known);
    if (errno != ENOENT && errno != ENOTDIR)
        return Error{"cannot open " + name + ": " + std::strerror(errno) +
                     "; give it to the user of sluice, or remove it and a new key is drawn"};

    Wiped<SipKey> drawn{};
    if (getrandom(drawn.data(), sizeof drawn, 0) != sizeof drawn)
        return Error{"the kernel gives no random numbers for the key of public addresses"};
    const pool::AddressKey key(drawn[0], drawn[1]);
    std::string text = to_string(key);
    text += '\n';
    const Descriptor made(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made || write(made.get(), text.data(), text.size()) != ssize_t(text.size())) {
        warn("hosts may get other public addresses at the next start: cannot write " + name + ": " +
             std::strerror(errno));
        if (made)
            unlink(name.c_str());
    }
    explicit_bzero(text.data(), text.size());
    return key;
}

}  // namespace sluice
