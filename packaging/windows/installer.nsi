; The Windows installer: for one user, without an administrator. packaging/windows/build defines VERSION, PUBLISHER, STAGED and INSTALLER.
; Silent: setup.exe /S, and uninstall.exe /S. Running it again upgrades in place, where the first one was installed.

Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
; Both programs are the same but for a few bytes: the packer must look back over a whole one to see it.
SetCompressorDictSize 64
; The times of the builder's files are no part of the package.
SetDateSave off

!define NAME "Kerio IMAP Migration Tool"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\KerioImapMigrationTool"
!define PATHS_KEY "Software\Microsoft\Windows\CurrentVersion\App Paths"
; The menu path of the manual, table 1: Start, Programs, Kerio.
!define GROUP "$SMPROGRAMS\Kerio"
!define SHORTCUT "${GROUP}\${NAME}.lnk"

Name "${NAME}"
OutFile "${INSTALLER}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${UNINSTALL_KEY}" "InstallLocation"
RequestExecutionLevel user
ManifestDPIAware true
ManifestLongPathAware true
ManifestSupportedOS Win10

VIProductVersion "${VERSION}.0"
VIFileVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME} Setup"
VIAddVersionKey "CompanyName" "${PUBLISHER}"
VIAddVersionKey "LegalCopyright" "MIT License"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"

!finalize 'bash packaging/windows/sign "%1"' = 0
!uninstfinalize 'bash packaging/windows/sign "%1"' = 0

!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"

!define MUI_ICON "assets/icon.ico"
!define MUI_UNICON "assets/icon.ico"
!define MUI_FINISHPAGE_RUN "$INSTDIR\kimtw.exe"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; A program that is running cannot be written over. Asks to close it; a silent installer ends with code 2.
!macro WaitUntilClosed un
Function ${un}WaitUntilClosed
    ${ForEach} $1 1 2 + 1
        StrCpy $2 "$INSTDIR\kimtw.exe"
        ${If} $1 = 2
            StrCpy $2 "$INSTDIR\kimt.exe"
        ${EndIf}
        ${DoWhile} ${FileExists} "$2"
            ClearErrors
            FileOpen $3 "$2" a
            ${IfNot} ${Errors}
                FileClose $3
                ${Break}
            ${EndIf}
            MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${NAME} is running. Close it, then continue here." /SD IDCANCEL IDRETRY +3
            SetErrorLevel 2
            Quit
        ${Loop}
    ${Next}
FunctionEnd
!macroend
!insertmacro WaitUntilClosed ""
!insertmacro WaitUntilClosed "un."

Section
    Call WaitUntilClosed
    SetOutPath "$INSTDIR"
    File "${STAGED}/kimt.exe"
    File "${STAGED}/kimtw.exe"
    File "${STAGED}/kimt.ico"
    File "${STAGED}/Guide.txt"
    File "${STAGED}/Guide.html"
    File "${STAGED}/kimt-completions.ps1"
    File "${STAGED}/LICENSE.txt"
    File "${STAGED}/THIRD-PARTY-NOTICES.txt"
    WriteUninstaller "$INSTDIR\uninstall.exe"

    CreateDirectory "${GROUP}"
    ; The working folder is where the dialog for the accounts file opens: the user's own papers, not the program's folder.
    SetOutPath "$DOCUMENTS"
    CreateShortCut "${SHORTCUT}" "$INSTDIR\kimtw.exe" "" "$INSTDIR\kimt.ico" 0 SW_SHOWNORMAL "" \
        "Move mailboxes from any IMAP server into Kerio Connect"
    SetOutPath "$INSTDIR"

    ; Win+R and "start kimt" find the command line; PATH is left alone.
    WriteRegStr HKCU "${PATHS_KEY}\kimt.exe" "" "$INSTDIR\kimt.exe"
    WriteRegStr HKCU "${PATHS_KEY}\kimtw.exe" "" "$INSTDIR\kimtw.exe"

    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "${NAME}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\kimt.ico"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "${PUBLISHER}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0
SectionEnd

; Takes out what the section above put in, and nothing else: logs and the record of what was migrated stay.
Section Uninstall
    Call un.WaitUntilClosed
    Delete "$INSTDIR\kimt.exe"
    Delete "$INSTDIR\kimtw.exe"
    Delete "$INSTDIR\kimt.ico"
    Delete "$INSTDIR\Guide.txt"
    Delete "$INSTDIR\Guide.html"
    Delete "$INSTDIR\kimt-completions.ps1"
    Delete "$INSTDIR\LICENSE.txt"
    Delete "$INSTDIR\THIRD-PARTY-NOTICES.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "${SHORTCUT}"
    RMDir "${GROUP}"
    DeleteRegKey HKCU "${PATHS_KEY}\kimt.exe"
    DeleteRegKey HKCU "${PATHS_KEY}\kimtw.exe"
    DeleteRegKey HKCU "${UNINSTALL_KEY}"
SectionEnd
