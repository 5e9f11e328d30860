// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/address_key.h"

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

/// A file descriptor, closed with its object.
class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0)
            close(descriptor_);
    }
    bool is_open() const { return descriptor_ >= 0; }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

/// Who has read the key, or written it, can tell which hosts share an address.
bool is_secret(const struct stat& status) {
    return status.st_uid == geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

Result<pool::AddressKey> read_key(const std::string& name, const File& file) {
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
    const File known(open(name.c_str(), kHow));
    if (known.is_open())
        return read_key(name, known);
    if (errno != ENOENT && errno != ENOTDIR)
        return Error{"cannot open " + name + ": " + std::strerror(errno)};

    Wiped<SipKey> drawn{};
    if (getrandom(drawn.data(), sizeof drawn, 0) != sizeof drawn)
        return Error{"the kernel gives no random numbers for the key of public addresses"};
    const pool::AddressKey key(drawn[0], drawn[1]);
    std::string text = to_string(key);
    text += '\n';
    const File made(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made.is_open() || write(made.get(), text.data(), text.size()) != ssize_t(text.size())) {
        warn("hosts may get other public addresses at the next start: cannot write " + name + ": " +
             std::strerror(errno));
        if (made.is_open())
            unlink(name.c_str());
    }
    explicit_bzero(text.data(), text.size());
    return key;
}

}  // namespace sluice
