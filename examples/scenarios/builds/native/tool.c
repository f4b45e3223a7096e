#include <stdio.h>

/* Prints the sum of the bytes of its input. */
int main(void) {
    unsigned long sum = 0;
    for (int c; (c = getchar()) != EOF;) sum += (unsigned char)c;
    printf("%lu\n", sum);
    return 0;
}
