#include <cstdio>
int main(){ std::puts("combiner"); }
