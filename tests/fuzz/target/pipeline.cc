// SPDX-License-Identifier: BSD-3-Clause

// A whole gateway of two workers, fed on both wires with nearly sound frames of a few flows. The
// testbed checks the account and the leak after every burst; the gateway is a new one for each
// input, so that an input says all of what happened.

#include "input.h"
#include "wire.h"

using namespace sluice;
using namespace sluice::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    constexpr int kFramesAtMost = 64;
    constexpr int kBurst = 4;
    Input input(bytes, size);
    const Draw draw = input.draw();
    Testbed bed(small_options(draw()));
    for (int frames = 0; !input.is_empty() && frames < kFramesAtMost; frames += kBurst)
        send_burst(bed, draw, kBurst);
    return 0;
}
