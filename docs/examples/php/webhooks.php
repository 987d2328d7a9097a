<?php
// Receives the gateway's webhooks.
//
//   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:4000 webhooks.php
//
// With Composer, standard-webhooks/standard-webhooks does what refusal() does:
//   (new \StandardWebhooks\Webhook($secret))->verify($body, $headers)

declare(strict_types=1);

const TOLERANCE = 300; // seconds

/** Why this is not a webhook of the gateway's; null when it is one. */
function refusal(string $secret, string $id, string $timestamp, string $signatures, string $body): ?string
{
    if ($id === '' || !ctype_digit($timestamp) || $signatures === '') {
        return 'a header is missing';
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE) {
        return 'sent too long ago, or in the future';
    }
    $key = base64_decode(substr($secret, strlen('whsec_')), true);
    $right = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $signatures) as $signature) { // several while a secret rotates
        if (hash_equals($right, $signature)) {          // in constant time
            return null;
        }
    }
    return 'no signature is right';
}

/** A webhook may come twice. In a shop: a row with a unique key, in the transaction of the work. */
function firstTime(string $id): bool
{
    $folder = getenv('STORE') ?: __DIR__ . '/webhooks';
    is_dir($folder) || @mkdir($folder, 0700, true);
    return @fopen($folder . '/' . basename($id), 'x') !== false;
}

/** What the shop does. Short: what is slow (mail, stock, invoices) goes to a queue of its own. */
function actOn(array $event): string
{
    return match ($event['type']) {
        'order.paid' => 'deliver',
        'order.paid_late' => 'paid after its time: deliver, or give the money back',
        'order.review_required' => 'money is there, but not as ordered: do not deliver, ask finance',
        default => 'noted',
    };
}

function say(string $line): void
{
    file_put_contents('php://stderr', "$line\n");
}

$body = file_get_contents('php://input'); // the raw bytes: parsed and written again they no longer match
$header = fn (string $name): string => $_SERVER["HTTP_WEBHOOK_$name"] ?? '';
$why = refusal(getenv('WEBHOOK_SECRET'), $header('ID'), $header('TIMESTAMP'), $header('SIGNATURE'), $body);
if ($why !== null) {
    say("refused: $why");
    http_response_code(401);
    exit;
}
$event = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
$outcome = firstTime($event['id']) ? actOn($event) : 'known already';
$reference = $event['data']['order']['reference'] ?? '-';
say("{$event['type']} $reference {$event['id']}: $outcome");
http_response_code(204); // anything but 2xx, or more than 15 s, and it comes again
