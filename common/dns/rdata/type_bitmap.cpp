#include "common/dns/rdata/type_bitmap.hpp"

#include <algorithm>

namespace chorale::dns::rdata {

const char* type_bitmap_fault(BytesView bitmap) {
    int previous = -1;
    while (!bitmap.empty()) {
        if (bitmap.size() < 2) return "window cut short";
        const int window = bitmap[0];
        const std::size_t length = bitmap[1];
        if (window <= previous) return "windows not in ascending order";
        if (length == 0 || length > 32) return "window of other than 1 to 32 octets";
        if (bitmap.size() < 2 + length) return "window cut short";
        if (bitmap[1 + length] == 0) return "window that ends with a zero octet";
        previous = window;
        bitmap = bitmap.subspan(2 + length);
    }
    return nullptr;
}

std::vector<Type> types_in_bitmap(BytesView bitmap) {
    std::vector<Type> types;
    while (bitmap.size() >= 2) {
        const unsigned window = bitmap[0];
        const std::size_t length = std::min<std::size_t>(bitmap[1], bitmap.size() - 2);
        for (std::size_t bit = 0; bit < length * 8; ++bit) {
            if ((bitmap[2 + bit / 8] & (0x80U >> (bit % 8))) != 0) {
                types.push_back(Type(window << 8 | bit));
            }
        }
        bitmap = bitmap.subspan(2 + length);
    }
    return types;
}

Bytes type_bitmap(std::vector<Type> types) {
    std::ranges::sort(types);
    Bytes bitmap;
    std::size_t window_start = 0;  // offset of the length octet of the present window
    int window = -1;
    for (const Type type : types) {
        const unsigned code = unsigned(type);
        if (int(code >> 8) != window) {
            window = int(code >> 8);
            bitmap.push_back(static_cast<Byte>(window));
            window_start = bitmap.size();
            bitmap.push_back(0);
        }
        const std::size_t octet = window_start + 1 + (code & 0xff) / 8;
        if (bitmap.size() <= octet) bitmap.resize(octet + 1);
        bitmap[octet] |= static_cast<Byte>(0x80U >> (code % 8));
        bitmap[window_start] = static_cast<Byte>(bitmap.size() - window_start - 1);
    }
    return bitmap;
}

}  // namespace chorale::dns::rdata
