#include "proto/code_points.hpp"

#include <algorithm>
#include <span>

#include "common/dns/message.hpp"

namespace chorale::proto {
namespace {

template <class Enumeration>
struct Row {
    Enumeration value;
    std::string_view text;
};

constexpr Row<Operation> operation_rows[] = {{Operation::hello, "HELLO"},
                                             {Operation::heartbeat, "HEARTBEAT"},
                                             {Operation::state, "STATE"},
                                             {Operation::elect, "ELECT"}};

constexpr Row<Transport> transport_rows[] = {{Transport::dns, "dns"}, {Transport::api, "api"}};

constexpr Row<Synchronization> synchronization_rows[] = {
    {Synchronization::leader_follower, "leader-follower"}, {Synchronization::peer, "peer"}};

constexpr Row<ProcessKind> process_rows[] = {
    {ProcessKind::join, "join"},
    {ProcessKind::leave, "leave"},
    {ProcessKind::zsk_roll, "zsk-roll"},
    {ProcessKind::ksk_roll, "ksk-roll"},
    {ProcessKind::csk_roll, "csk-roll"},
    {ProcessKind::algorithm_roll, "algorithm-roll"},
    {ProcessKind::name_servers, "name-servers"},
    {ProcessKind::setup, "setup"},
};

constexpr Row<Rung> rung_rows[] = {
    {Rung::OUT, "OUT"}, {Rung::KEYS, "KEYS"},       {Rung::DS, "DS"},           {Rung::NS, "NS"},
    {Rung::IN, "IN"},   {Rung::NS_GONE, "NS_GONE"}, {Rung::STOPPED, "STOPPED"},
};

constexpr Row<RungStatus> status_rows[] = {{RungStatus::working, "working"},
                                           {RungStatus::done, "done"},
                                           {RungStatus::holding, "holding"},
                                           {RungStatus::blocked, "blocked"},
                                           {RungStatus::meeting, "meeting"}};

template <class Enumeration>
std::span<const Row<Enumeration>> rows();
template <>
std::span<const Row<Operation>> rows() {
    return operation_rows;
}
template <>
std::span<const Row<Transport>> rows() {
    return transport_rows;
}
template <>
std::span<const Row<Synchronization>> rows() {
    return synchronization_rows;
}
template <>
std::span<const Row<ProcessKind>> rows() {
    return process_rows;
}
template <>
std::span<const Row<Rung>> rows() {
    return rung_rows;
}
template <>
std::span<const Row<RungStatus>> rows() {
    return status_rows;
}

template <class Enumeration>
std::string_view text_of(Enumeration value) {
    for (const Row<Enumeration>& row : rows<Enumeration>()) {
        if (row.value == value) return row.text;
    }
    return "?";
}

char lower(char octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet - 'A' + 'a') : octet;
}

bool is_same_text(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::uint8_t CodePoints::number_of(Operation operation) const {
    switch (operation) {
        case Operation::hello: return hello;
        case Operation::heartbeat: return heartbeat;
        case Operation::state: return state;
        case Operation::elect: return elect;
    }
    return 0;
}

std::optional<Operation> CodePoints::operation_of(std::uint8_t number) const {
    for (const Operation operation : operations) {
        if (number_of(operation) == number) return operation;
    }
    return std::nullopt;
}

Result<void> check(const CodePoints& code_points) {
    for (const Operation operation : operations) {
        const std::uint8_t number = code_points.number_of(operation);
        if (number == 0) return malformed("operation 0 is forbidden");
        if (code_points.operation_of(number) != operation) {
            return malformed("two operations have the number " + std::to_string(number));
        }
    }
    // RFC 6891 9: 0 and 65535 are reserved; below 65001 codes belong to others, until
    // one of them is assigned to this option.
    if (code_points.option == 0 || code_points.option == 65535) {
        return malformed("EDNS option code " + std::to_string(code_points.option) +
                         " is reserved (RFC 6891 9)");
    }
    for (const std::uint16_t taken : {dns::option_cookie, dns::option_keepalive,
                                      dns::option_padding, dns::option_extended_error}) {
        if (code_points.option == taken) {
            return malformed("EDNS option code " + std::to_string(taken) +
                             " has another meaning already");
        }
    }
    for (const std::string& label : {code_points.dns_label, code_points.api_label}) {
        const auto name = dns::Name::from_text(label);
        if (!name) return name.error().in("discovery label");
        if (name->view().is_root()) return malformed("a discovery label is empty");
    }
    return success();
}

bool is_contributed(dns::Type type) {
    return std::find(contributed_types.begin(), contributed_types.end(), type) !=
           contributed_types.end();
}

std::optional<dns::Type> contributed_from_text(std::string_view text) {
    for (const dns::Type type : contributed_types) {
        if (is_same_text(dns::to_text(type), text)) return type;
    }
    return std::nullopt;
}

std::string_view to_text(Operation operation) { return text_of(operation); }
std::string_view to_text(Transport transport) { return text_of(transport); }
std::string_view to_text(Synchronization synchronization) { return text_of(synchronization); }
std::string_view to_text(ProcessKind kind) { return text_of(kind); }
std::string_view to_text(Rung rung) { return text_of(rung); }
std::string_view to_text(RungStatus status) { return text_of(status); }

template <class Enumeration>
std::optional<Enumeration> from_number(std::uint8_t number) {
    for (const Row<Enumeration>& row : rows<Enumeration>()) {
        if (static_cast<std::uint8_t>(row.value) == number) return row.value;
    }
    return std::nullopt;
}

template <class Enumeration>
std::optional<Enumeration> from_text(std::string_view text) {
    for (const Row<Enumeration>& row : rows<Enumeration>()) {
        if (is_same_text(row.text, text)) return row.value;
    }
    return std::nullopt;
}

template std::optional<Transport> from_number(std::uint8_t);
template std::optional<Synchronization> from_number(std::uint8_t);
template std::optional<ProcessKind> from_number(std::uint8_t);
template std::optional<Rung> from_number(std::uint8_t);
template std::optional<RungStatus> from_number(std::uint8_t);
template std::optional<Transport> from_text(std::string_view);
template std::optional<Synchronization> from_text(std::string_view);
template std::optional<ProcessKind> from_text(std::string_view);
template std::optional<Rung> from_text(std::string_view);
template std::optional<RungStatus> from_text(std::string_view);

}  // namespace chorale::proto
