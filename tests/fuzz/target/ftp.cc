// SPDX-License-Identifier: BSD-3-Clause

// What helpers read. The first byte of an input says who speaks, how its data are cut in two
// segments, and the rest is what is said. What a line is found to tell stands in the data, and what
// is written in its place is read as what was written.

#include "helper/ftp.h"

#include "expect.h"
#include "helper/lines.h"
#include "helper/tftp.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sluice;
using namespace sluice::helper;
using test::expect;

namespace {

void check(Speaker speaker, std::string_view text) {
    const FtpLine line = read_ftp(speaker, text);
    if (line.kind != FtpLine::Kind::Tells)
        return;
    expect(line.begin < line.end && line.end <= text.size() && line.end <= kLongestLine);
    const net::Endpoint other{Be32::from_host(0xc633'64ff), Be16::from_host(54'321)};
    std::array<char, kMostWritten> memory;
    const std::string_view by = write_ftp(line, other, memory);
    const std::string written = std::string(text.substr(0, line.begin)) + std::string(by) +
                                std::string(text.substr(line.end));
    const FtpLine again = read_ftp(speaker, written);
    if (written.find_first_of("\r\n") >= kLongestLine)
        return;  // it has grown too long to be looked at
    expect(again.kind == FtpLine::Kind::Tells && again.form == line.form);
    expect(again.port == other.port.host() && again.begin == line.begin);
    expect(again.end == line.begin + by.size());
    expect(again.address == (line.address ? std::optional(other.address) : std::nullopt));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0)
        return 0;
    const Speaker speaker = (bytes[0] & 1) != 0 ? Speaker::Server : Speaker::Client;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    (void)is_tftp_request({bytes + 1, size - 1});
    Lines lines;
    uint32_t seq = 0xffff'ff00;
    const size_t cut = std::min<size_t>(bytes[0] >> 1, text.size());
    for (const std::string_view segment : {text.substr(0, cut), text.substr(cut)}) {
        auto at = lines.first_in(segment, seq);
        while (at && *at < segment.size()) {
            check(speaker, segment.substr(*at));
            const size_t end = segment.find('\n', *at);
            at = end == std::string_view::npos ? std::nullopt : std::optional(end + 1);
        }
        lines.pass(segment, seq);
        seq += static_cast<uint32_t>(segment.size());
    }
    return 0;
}
