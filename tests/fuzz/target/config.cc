// SPDX-License-Identifier: BSD-3-Clause

// A configuration file, from its bytes to a validated Config. What is refused is refused with one
// sentence on one line.

#include "catch.h"
#include "config/file_entries.h"
#include "config/load.h"
#include "config/validate.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sluice;

namespace {

void check_sentence(const std::string& message) {
    REQUIRE(!message.empty());
    for (const char c : message)
        REQUIRE(static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    constexpr std::array kCpus{0U, 1U, 2U, 3U};
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const Result<std::vector<config::FileEntry>> entries = config::read_entries(text);
    if (!entries) {
        check_sentence(entries.error().message);
        return 0;
    }
    config::Settings settings;
    for (const config::FileEntry& entry : *entries) {
        REQUIRE(!entry.words.empty());
        for (const config::FileWord& word : entry.words)
            settings[entry.flag].push_back(word.text);
    }
    const Result<config::Config> config = config::load(settings, {});
    if (!config) {
        check_sentence(config.error().message);
        return 0;
    }
    if (const Status status = config::validate(*config, kCpus); !status)
        check_sentence(status.error().message);
    return 0;
}
