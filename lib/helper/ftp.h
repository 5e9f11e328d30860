// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// FTP: the lines of a control connection by which an end says where it waits for a transfer.
///
/// Shape    Two pure functions over bytes. The client says PORT or EPRT, the server answers PASV
///          with 227 and EPSV with 229. EPRT of IPv6 is nothing, and so is any other line.
/// Errors   A line that begins as one of these and is none is Malformed. What may yet become one,
///          when the rest of it comes, is Partial.
/// Cost     One pass over the line.
/// Source   RFC 959 §4.1.2, §5.3.2 (PORT, 227); RFC 2428 §2 and §3 (EPRT, 229); RFC 4217 §4 (234:
///          what follows is TLS). RFC 1123 §4.1.2.6: in 227 the numbers are looked for.

#include "helper/speaker.h"
#include "net/tuple.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::helper {

/// A line is not looked at beyond.
inline constexpr size_t kLongestLine = 512;
/// More than any address takes as write_ftp() writes it.
inline constexpr size_t kMostWritten = 40;

enum class Form : uint8_t {
    Numbers,   ///< h1,h2,h3,h4,p1,p2
    Extended,  ///< |1|h1.h2.h3.h4|port|
    PortOnly,  ///< |||port|
};

struct FtpLine {
    enum class Kind : uint8_t {
        Other,
        Partial,
        Malformed,
        Encrypts,  ///< What follows cannot be read.
        Tells,     ///< The rest is of this one.
    };
    Kind kind = Kind::Other;
    Form form{};
    std::optional<Be32> address = {};  ///< Nothing: the speaker's own.
    uint16_t port = 0;
    char delimiter = '|';  ///< Of the last two forms.
    size_t begin = 0;      ///< Of what tells it: the bytes [begin, end) of the line.
    size_t end = 0;
};

/// `text` begins with the line, and goes on as far as is known.
FtpLine read_ftp(Speaker speaker, std::string_view text);

/// What says `endpoint` in the place of [begin, end). A view of `memory`.
std::string_view write_ftp(const FtpLine& line, net::Endpoint endpoint,
                           std::array<char, kMostWritten>& memory);

}  // namespace sluice::helper
