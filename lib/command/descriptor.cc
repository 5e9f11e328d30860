// SPDX-License-Identifier: BSD-3-Clause
#include "command/descriptor.h"

#include <unistd.h>

namespace sluice::command {

Descriptor::~Descriptor() {
    if (fd_ >= 0)
        close(fd_);
}

}  // namespace sluice::command
