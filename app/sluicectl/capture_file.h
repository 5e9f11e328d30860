// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Capture file: takes a capture as it arrives, and writes it block by block, so that the file is
/// whole whenever it ends.
///
/// Errors   open() says in one sentence why the file cannot be had. write() returns false when it
///          cannot be written, or when what arrives is no capture; error() then says why.
/// Source   The blocks are those of pcapng (lib/listing/pcapng.h).

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace sluicectl {

class CaptureFile {
public:
    /// Nothing for a path: the standard output. A file is its owner's alone, for packets are what
    /// people say to each other; what was in it is gone.
    static sluice::Result<CaptureFile> open(const std::string& path);

    bool write(const char* bytes, size_t count);
    /// What has been written is where it belongs.
    bool flush();

    uint64_t packets() const { return packets_; }
    uint64_t lost() const { return lost_; }  ///< As the capture itself tells.
    /// Nothing when whoever reads the standard output has gone: there is nothing to complain of.
    const std::string& error() const { return error_; }

private:
    struct Close {
        void operator()(std::FILE* file) const;
    };
    using File = std::unique_ptr<std::FILE, Close>;

    explicit CaptureFile(File file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    bool fail();
    void count(std::string_view block);

    File file_;
    std::string name_;
    std::string rest_;  // the beginning of a block
    std::string error_;
    uint64_t packets_ = 0;
    uint64_t lost_ = 0;
};

}  // namespace sluicectl
