// The golden vectors of proto/vectors, as other implementations read them.
#pragma once

#include <fstream>
#include <sstream>

#include "common/base/encoding.hpp"
#include "common/base/json.hpp"
#include "proto/decoded.hpp"
#include "tests/support/catch.hpp"

namespace chorale::proto::test {

// A file of vectors; the test fails where there is none.
inline Json read_vectors(const std::string& file) {
    std::ifstream stream(std::string(CHORALE_VECTORS) + "/" + file);
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    Json vectors = Json::parse(text.str());
    REQUIRE(vectors.size() > 3);
    return vectors;
}

inline std::string text_at(const Json& vector, const char* member) {
    return vector.at(member).get<std::string>();
}
inline Bytes hex_at(const Json& vector, const char* member) {
    return from_hex(text_at(vector, member)).value();
}
inline dns::Name name_of(const std::string& text) { return dns::Name::from_text(text).value(); }

inline Operation operation_at(const Json& vector) {
    for (const Operation operation : operations) {
        if (to_text(operation) == text_at(vector, "operation")) return operation;
    }
    FAIL("unknown operation");
    return {};
}

inline Purpose purpose_at(const Json& vector) {
    return text_at(vector, "purpose") == "answer" ? Purpose::answer : Purpose::request;
}

template <class Value>
std::string verdict_of(const Result<Value>& result) {
    if (result) return "NOERROR";
    return result.error().kind() == ErrorKind::refused ? "REFUSED"
                                                       : dns::to_text(rcode_of(result.error()));
}

template <class Value>
int status_of(const Result<Value>& result) {
    return result ? 200 : 400;
}

inline std::vector<std::string> texts_of(const std::vector<Note>& notes) {
    std::vector<std::string> texts;
    for (const Note note : notes) texts.emplace_back(to_text(note));
    return texts;
}

// Equal, and written alike: equality of names does not see their case.
inline void check_same(const Json& a, const Json& b) { CHECK(a.dump() == b.dump()); }

}  // namespace chorale::proto::test
