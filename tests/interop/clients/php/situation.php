<?php
// What the test tells a client through its environment, and how the client tells what it saw:
// one name=value line for each finding.
declare(strict_types=1);

set_error_handler(static function (int $level, string $text, string $file, int $line): bool {
    throw new ErrorException($text, 0, $level, $file, $line);
});

function asked(string $name): string
{
    $value = getenv("INTEROP_$name");
    if ($value === false) {
        throw new RuntimeException("INTEROP_$name is not set");
    }
    return $value;
}

function tell(string $name, mixed $value): void
{
    echo $name, '=', is_bool($value) ? ($value ? 'true' : 'false') : $value, "\n";
}

define('DOOR', $argv[1]);
define('WRONG_PASSWORD', 'wrong-' . asked('PASSWORD'));

/** The local part of a qualified name. */
function local(string $name): string
{
    $parts = explode(':', $name);
    return end($parts);
}
