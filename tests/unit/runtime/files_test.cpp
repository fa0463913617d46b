#include "common/runtime/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "common/runtime/atomic_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/base/file_size_limit.hpp"
#include "tests/unit/base/result_text.hpp"
#include "tests/unit/base/scratch.hpp"

namespace chorale::runtime {
namespace {

void write(const std::string& path, std::string_view text, unsigned mode = 0600) {
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::size_t files_in(const std::string& directory) {
    std::size_t number = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        static_cast<void>(entry);
        ++number;
    }
    return number;
}

}  // namespace

TEST_CASE("A secret is the file without one newline at its end") {
    const Scratch scratch;
    const auto path = scratch.file("token");
    const std::pair<std::string, std::string> cases[] = {
        {"abc", "abc"},
        {"abc\n", "abc"},
        {"abc\n\n", "abc\n"},
        {"\nabc ", "\nabc "},
        {std::string("a\0b\n", 4), std::string("a\0b", 3)}};
    for (const auto& [text, secret] : cases) {
        write(path, text);
        const auto read = read_secret_file(path);
        REQUIRE(read);
        CHECK(as_text(read->reveal()) == secret);
    }
    for (const char* text : {"", "\n"}) {
        write(path, text);
        const auto read = read_secret_file(path);
        REQUIRE_FALSE(read);
        CHECK(read.error().kind() == ErrorKind::malformed);
    }
}

TEST_CASE("A secret that others may touch is refused") {
    const Scratch scratch;
    const auto path = scratch.file("token");
    write(path, "abc");
    for (const unsigned mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0666U}) {
        INFO(mode);
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        const auto read = read_secret_file(path);
        REQUIRE_FALSE(read);
        CHECK(read.error().kind() == ErrorKind::refused);
        CHECK(read.error().message().find("abc") == std::string::npos);
    }
    for (const unsigned mode : {0600U, 0400U}) {
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        CHECK(read_secret_file(path));
    }
}

TEST_CASE("A secret comes from a regular file of bounded size only") {
    const Scratch scratch;
    const auto path = scratch.file("token");
    const auto kind_of = [&] {
        const auto read = read_secret_file(path);
        return read ? ErrorKind::unspecified : read.error().kind();
    };
    CHECK(kind_of() == ErrorKind::not_found);
    SECTION("symbolic link") {
        write(scratch.file("target"), "abc");
        REQUIRE(::symlink(scratch.file("target").c_str(), path.c_str()) == 0);
        CHECK(kind_of() == ErrorKind::refused);
    }
    SECTION("fifo, which must not block") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        CHECK(kind_of() == ErrorKind::storage);
    }
    SECTION("directory") {
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
        CHECK(kind_of() == ErrorKind::storage);
    }
    SECTION("size") {
        write(path, std::string(largest_secret_file - 1, 'x'));
        CHECK(read_secret_file(path));
        write(path, std::string(largest_secret_file, 'x'));
        CHECK(read_secret_file(path));
        write(path, std::string(largest_secret_file + 1, 'x'));
        CHECK(kind_of() == ErrorKind::limit);
    }
}

TEST_CASE("A text file has a bound, too") {
    const Scratch scratch;
    const auto path = scratch.file("text");
    write(path, "", 0644);
    CHECK(read_text_file(path)->empty());
    write(path, "12345", 0644);
    CHECK(*read_text_file(path, 5) == "12345");
    CHECK(read_text_file(path, 4).error().kind() == ErrorKind::limit);
    CHECK(read_text_file(scratch.file("missing")).error().kind() == ErrorKind::not_found);
}

TEST_CASE("A file is replaced as a whole") {
    const Scratch scratch;
    const auto path = scratch.file("state");
    REQUIRE(write_file_atomically(path, as_bytes("one")));
    REQUIRE(write_file_atomically(path, as_bytes("two"), 0644));
    CHECK(*read_text_file(path) == "two");
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0644);
    REQUIRE(write_file_atomically(path, {}));
    CHECK(read_text_file(path)->empty());
    CHECK(files_in(scratch.directory()) == 1);
}

TEST_CASE("What cannot be written leaves the old file and nothing beside it") {
    const Scratch scratch;
    const auto path = scratch.file("state");
    REQUIRE(write_file_atomically(path, as_bytes("old")));
    const auto written = [&] {
        const FileSizeLimit limit(1'000);
        return write_file_atomically(path, Bytes(2'000, 1));
    }();
    REQUIRE_FALSE(written);
    CHECK(written.error().kind() == ErrorKind::storage);
    CHECK_THAT(written.error().message(), Catch::Contains(path + ": write: "));
    CHECK(*read_text_file(path) == "old");
    CHECK(files_in(scratch.directory()) == 1);
    CHECK(write_file_atomically(scratch.file("missing/state"), {}).error().kind() ==
          ErrorKind::storage);
}

TEST_CASE("A file that is created replaces nothing, whatever is there") {
    const Scratch scratch;
    const auto path = scratch.file("key");
    REQUIRE(create_file_atomically(path, as_bytes("one")));
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
    CHECK(status.st_nlink == 1);

    const auto link = scratch.file("link");
    REQUIRE(::symlink(scratch.file("nowhere").c_str(), link.c_str()) == 0);
    const auto directory = scratch.file("directory");
    REQUIRE(std::filesystem::create_directory(directory));
    for (const std::string& taken : {path, link, directory}) {
        const auto created = create_file_atomically(taken, as_bytes("two"));
        REQUIRE_FALSE(created);
        CHECK(created.error().kind() == ErrorKind::conflict);
        CHECK(created.error().message() == taken + ": exists already");
    }
    CHECK(*read_text_file(path) == "one");
    CHECK(files_in(scratch.directory()) == 3);
}

TEST_CASE("A file that cannot be created whole is not there") {
    const Scratch scratch;
    const auto created = [&] {
        const FileSizeLimit limit(1'000);
        return create_file_atomically(scratch.file("key"), Bytes(2'000, 1));
    }();
    REQUIRE_FALSE(created);
    CHECK(created.error().kind() == ErrorKind::storage);
    CHECK(files_in(scratch.directory()) == 0);
}

}  // namespace chorale::runtime
