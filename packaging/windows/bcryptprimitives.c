/*
 * For packaging/windows/try alone, never shipped: mends what keeps wine 8 from running the program. It is loaded as bcryptprimitives.dll, which wine
 * lacks and without which it starts no program written in Rust.
 *
 * The second thing is in wine's DecryptMessage. Of a TLS record that has arrived in part it reports the length of the whole record as missing, where
 * Windows reports the rest (dlls/secur32/schannel.c: the length is subtracted from the wrong buffer), and it takes a header that has not arrived for
 * one that has. The caller then waits for bytes that never come. So the program is given a DecryptMessage that answers these cases itself.
 */
#define SECURITY_WIN32
#include <windows.h>
#include <sspi.h>

#define HEADER 5 /* bytes of a record's header; the last two are the length of what follows (RFC 5246, section 6.2.1) */

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length); /* advapi32 knows RtlGenRandom under this name */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) { return SystemFunction036(buffer, (ULONG)length); }

static DECRYPT_MESSAGE_FN wines_own;

static SECURITY_STATUS SEC_ENTRY decrypt(PCtxtHandle context, PSecBufferDesc message, ULONG number, PULONG quality)
{
    SecBuffer *data = &message->pBuffers[0];
    if (message->cBuffers > 1 && data->BufferType == SECBUFFER_DATA) {
        BYTE *record = data->pvBuffer;
        ULONG whole = data->cbBuffer < HEADER ? HEADER : HEADER + (record[3] << 8 | record[4]);
        if (data->cbBuffer < whole) {
            message->pBuffers[1].BufferType = SECBUFFER_MISSING;
            message->pBuffers[1].cbBuffer = whole - data->cbBuffer;
            return SEC_E_INCOMPLETE_MESSAGE;
        }
    }
    return wines_own(context, message, number, quality);
}

/* Puts our function wherever the program's import table has wine's. */
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    BYTE *base = (BYTE *)GetModuleHandleW(NULL);
    IMAGE_DATA_DIRECTORY *imports = &((IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew))->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    HMODULE library = GetModuleHandleW(L"secur32.dll");
    if (reason != DLL_PROCESS_ATTACH || !imports->VirtualAddress || !library)
        return TRUE;
    wines_own = (DECRYPT_MESSAGE_FN)GetProcAddress(library, "DecryptMessage");
    for (IMAGE_IMPORT_DESCRIPTOR *from = (IMAGE_IMPORT_DESCRIPTOR *)(base + imports->VirtualAddress); from->Name; from++)
        for (ULONG_PTR *entry = (ULONG_PTR *)(base + from->FirstThunk); *entry; entry++)
            if (*entry == (ULONG_PTR)wines_own) {
                DWORD protection;
                VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &protection);
                *entry = (ULONG_PTR)decrypt;
                VirtualProtect(entry, sizeof *entry, protection, &protection);
            }
    return TRUE;
}
