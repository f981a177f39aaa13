# bash completion, made by: avirato-console --generate bash
_avirato_console()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command=
    case $prev in
    --env) mapfile -t COMPREPLY < <(compgen -W 'live test training' -- "$cur"); return ;;
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --language) mapfile -t COMPREPLY < <(compgen -W 'es en' -- "$cur"); return ;;
    --limit) return ;;
    --terminal) return ;;
    --amount) return ;;
    --currency) return ;;
    --reference) return ;;
    --description) return ;;
    --reason) return ;;
    --supervisor) return ;;
    --wait) return ;;
    --port) return ;;
    --data) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --sessions) return ;;
    --payments) return ;;
    --seed) return ;;
    --faults) return ;;
    --dialect) return ;;
    --delays) return ;;
    --webcode) return ;;
    --test-key) return ;;
    --live-key) return ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        sessions|payments|modifications|session|terminals|charge|link|refund|capture|cancel|extend|inbox|recover|journal|doctor|pin|simulator) command=$word; break ;;
        esac
    done
    local words
    case $command in
    sessions) words=' --env --read-only --config --language --help --version --json --csv --limit --offline --sum' ;;
    payments) words=' --env --read-only --config --language --help --version --json --csv --limit --offline --sum' ;;
    modifications) words=' --env --read-only --config --language --help --version --json --csv --limit --offline --sum' ;;
    session) words=' --env --read-only --config --language --help --version --json --offline' ;;
    terminals) words=' --env --read-only --config --language --help --version --json --csv --offline --online' ;;
    charge) words=' --env --read-only --config --language --help --version --json --terminal --amount --currency --reference --description --pre-auth --yes --again --supervisor --wait' ;;
    link) words=' --env --read-only --config --language --help --version --json --amount --currency --reference --description --pre-auth --supervisor --qr' ;;
    refund) words=' --env --read-only --config --language --help --version --json --amount --all --reason --yes --supervisor --wait' ;;
    capture) words=' --env --read-only --config --language --help --version --json --amount --all --yes --supervisor --wait' ;;
    cancel) words=' --env --read-only --config --language --help --version --json --yes --supervisor --wait' ;;
    extend) words=' --env --read-only --config --language --help --version --json --yes --supervisor --wait' ;;
    inbox) words=' --env --read-only --config --language --help --version --json --csv' ;;
    recover) words=' --env --read-only --config --language --help --version --json --wait' ;;
    journal) words=' --env --read-only --config --language --help --version --json --csv --limit --verify' ;;
    doctor) words=' --env --read-only --config --language --help --version --json' ;;
    pin) words=' --env --read-only --config --language --help --version' ;;
    simulator) words=' --env --read-only --config --language --help --version --port --data --sessions --payments --seed --faults --dialect --delays --webcode --test-key --live-key' ;;
    *) words=' sessions payments modifications session terminals charge link refund capture cancel extend inbox recover journal doctor pin simulator --env --read-only --config --language --help --version' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _avirato_console avirato-console
