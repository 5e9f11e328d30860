// SPDX-License-Identifier: BSD-3-Clause

// The parser, judged by the tests' independent reader. The first byte of an input says where the
// frame is cut in two segments, the rest is the frame.

#include "feed_packet.h"

#include <algorithm>
#include <array>

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0)
        return 0;
    const Bytes frame(bytes + 1, bytes + size);
    feed(frame, std::array{std::min<size_t>(bytes[0], frame.size())});
    return 0;
}
