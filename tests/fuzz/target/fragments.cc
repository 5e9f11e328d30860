// SPDX-License-Identifier: BSD-3-Clause

// The fragment stage of a whole gateway: see fragment_feed.h.

#include "fragment_feed.h"

using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0)
        return 0;
    FragmentFeed feed(1 + bytes[0] % 2);
    feed.feed({bytes + 1, size - 1});
    return 0;
}
