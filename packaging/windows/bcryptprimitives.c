/* For packaging/windows/try alone, never shipped: wine 8 lacks this library, without which it starts no program written in Rust. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length); /* advapi32 knows RtlGenRandom under this name */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) { return SystemFunction036(buffer, (ULONG)length); }
