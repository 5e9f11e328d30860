// SPDX-License-Identifier: BSD-3-Clause
#include "command/live.h"

#include "command/health.h"
#include "command/stats_text.h"

#include <nlohmann/json.hpp>

namespace sluice::command {

std::shared_ptr<const Live::Event> Live::event() {
    const std::lock_guard lock(mutex_);
    if (const Clock::time_point now = Clock::now(); now >= due_) {
        event_ = std::make_shared<const Event>(Event{event_->number + 1, text()});
        due_ = now + kInterval;
    }
    return event_;
}

std::string Live::text() const {
    using nlohmann::ordered_json;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    ordered_json notices = ordered_json::array();
    for (const Notice& notice : subject_.notices())
        notices.push_back({{"at", notice.at}, {"text", notice.text}});
    std::string stats = stats_json(subject_);
    stats.pop_back();  // its line feed would end the event
    return "data: {\"at\":" +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) +
           ",\"stats\":" + stats + ",\"health\":" + health_json(Health::of(subject_)) +
           ",\"notices\":" + notices.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
           "}\n\n";
}

}  // namespace sluice::command
