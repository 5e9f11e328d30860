// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Handed in: sentences for the log by threads of the idle class, which must not have the log's
/// lock: the control core waits for that.
///
/// Threads  put() by any. take() by the control core, which waits for nobody: what is being put now
///          is for the next time.
/// Memory   What has not been taken; the control core takes it within milliseconds.

#include <mutex>
#include <string>
#include <vector>

namespace sluice::app {

class HandedIn {
public:
    void put(const std::string& sentence) {
        const std::lock_guard lock(mutex_);
        sentences_.push_back(sentence);
    }
    std::vector<std::string> take() {
        std::vector<std::string> sentences;
        if (const std::unique_lock lock(mutex_, std::try_to_lock); lock)
            sentences.swap(sentences_);
        return sentences;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> sentences_;
};

}  // namespace sluice::app
