// A prepared SQL statement, borrowed from the cache of its Database for one scope.
// Ruled by SQLite's C interface; parameters are always bound, never put into the SQL text.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

struct sqlite3_stmt;

namespace chorale::store {

class Database;

struct Null {};
inline constexpr Null null{};

// Parameters count from 1 (?1), columns from 0, as in SQLite. A failed bind is told by step().
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();  // resets it and gives it back

    // Octets and text are copied.
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view text);
    void bind(int parameter, BytesView octets);
    void bind(int parameter, Null);

    // Other integers fit into 64 bits with sign, or it is our mistake (assertion).
    template <std::integral Integer>
    void bind(int parameter, Integer value) {
        bind(parameter, checked(value));
    }
    void bind(int parameter, const char* text) { bind(parameter, std::string_view(text)); }
    void bind(int parameter, const std::string& text) { bind(parameter, std::string_view(text)); }
    void bind(int parameter, const Bytes& octets) { bind(parameter, BytesView(octets)); }
    template <class Value>
    void bind(int parameter, const std::optional<Value>& value) {
        if (value) {
            bind(parameter, *value);
        } else {
            bind(parameter, null);
        }
    }

    // Binds ?1, ?2, ... in this order.
    template <class... Values>
    void bind_all(const Values&... values) {
        int parameter = 0;
        (bind(++parameter, values), ...);
    }

    // To the next row; false after the last one. Errors as in store/failure.hpp.
    Result<bool> step();
    // Steps to the end; for statements of which no row is wanted.
    Result<void> run();
    // Back to the start for new parameters; the bound ones are forgotten.
    void reset();

    // Of the row that step() came to. Views hold until the next step, reset or end of scope.
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;
    BytesView blob(int column) const;
    bool is_null(int column) const;

private:
    friend class Database;
    Statement(Database& database, sqlite3_stmt* handle, std::string_view sql);

    template <std::integral Integer>
    static std::int64_t checked(Integer value);
    void note(int code) const;

    Database* database_;
    sqlite3_stmt* handle_;
    std::string sql_;  // its key in the cache
    bool is_done_ = false;
    mutable int failure_ = 0;  // the first failed bind or column access
};

[[noreturn]] void integer_out_of_range();

template <std::integral Integer>
std::int64_t Statement::checked(Integer value) {
    if (!std::in_range<std::int64_t>(value)) integer_out_of_range();
    return static_cast<std::int64_t>(value);
}

}  // namespace chorale::store
