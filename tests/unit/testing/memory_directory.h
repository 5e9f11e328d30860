// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A temporary directory on tmpfs.

#include "temporary_directory.h"

namespace sluice::testing {

class MemoryDirectory : public test::TemporaryDirectory {
public:
    MemoryDirectory() : TemporaryDirectory("/dev/shm") {}
};

}  // namespace sluice::testing
