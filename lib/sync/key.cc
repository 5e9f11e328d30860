// SPDX-License-Identifier: BSD-3-Clause
#include "sync/key.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/sha.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::sync {
namespace {

Error wrong(const std::string& file, const std::string& why) {
    return Error{"--sync-key " + file + ": " + why};
}

int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// What one use has of the key, and no other use.
std::array<uint64_t, 2> derived(const Key& key, std::string_view use) {
    constexpr size_t kLongestUse = 32;
    assert(use.size() <= kLongestUse);
    Wiped<std::array<uint8_t, kLongestUse + sizeof(Key)>> input{};
    std::ranges::copy(key, std::ranges::copy(use, input.begin()).out);
    Wiped<std::array<uint8_t, SHA256_DIGEST_LENGTH>> digest{};
    SHA256(input.data(), use.size() + key.size(), digest.data());
    std::array<uint64_t, 2> words{};
    std::memcpy(words.data(), digest.data(), sizeof words);
    return words;
}

}  // namespace

Result<Key> read_key(const std::string& file) {
    // Not blocking: a pipe that nobody writes to is refused, not waited for.
    const int descriptor = open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return wrong(file, std::strerror(errno));
    struct stat status {};
    Wiped<std::array<char, 80>> text{};
    const bool is_known = fstat(descriptor, &status) == 0;
    const ssize_t read_bytes = read(descriptor, text.data(), text.size());
    close(descriptor);
    if (!is_known || read_bytes < 0)
        return wrong(file, "it cannot be read");
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return wrong(file, "others than its owner may use it (chmod 600)");
    std::string_view digits(text.data(), static_cast<size_t>(read_bytes));
    if (digits.ends_with('\n'))
        digits.remove_suffix(1);
    Key key{};
    const std::string form =
        "64 hexadecimal digits are wanted, as openssl rand -hex 32 prints them";
    if (digits.size() != 2 * key.size())
        return wrong(file, form);
    for (size_t i = 0; i < key.size(); ++i) {
        const int high = digit(digits[2 * i]);
        const int low = digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return wrong(file, form);
        key[i] = static_cast<uint8_t>(high << 4 | low);
    }
    return key;
}

Key key_by(const SipKey& address_key) {
    constexpr std::string_view kUse = "sluice pair by address key 1";
    Wiped<std::array<uint8_t, kUse.size() + sizeof address_key>> input{};
    std::memcpy(std::ranges::copy(kUse, input.begin()).out, address_key.data(), sizeof address_key);
    Key key{};
    SHA256(input.data(), input.size(), key.data());
    return key;
}

std::array<uint64_t, 2> address_key_of(const Key& key) {
    return derived(key, "sluice address key 1");
}

std::array<uint64_t, 2> number_key_of(const Key& key) {
    return derived(key, "sluice IPv6 number key 1");
}

std::array<uint64_t, 2> outside_number_key_of(const Key& key) {
    return derived(key, "sluice IPv6 outside key 1");
}

}  // namespace sluice::sync
