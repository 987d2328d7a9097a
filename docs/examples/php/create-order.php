<?php
// Creates a QRIS order of Rp 25.000 and says where to send the payer.
//
//   GATEWAY_URL=http://127.0.0.1:8080 API_KEY=gk_… php create-order.php INV-0001
//
// The reference makes it safe to repeat: the same request again is the same order, never a second one.

declare(strict_types=1);

const TRIES = 6;
const REPEAT = ['provider_unavailable', 'storage_unavailable', 'overloaded', 'rate_limited', 'request_in_progress'];

/** The order as the gateway answers it; repeats while the outcome is not known. */
function createOrder(array $order): array
{
    $body = json_encode($order, JSON_THROW_ON_ERROR); // made once: every try sends the same body
    for ($try = 1; ; $try++) {
        [$status, $wait, $reply] = post('/v1/orders', $body);
        if ($status === 201 || $status === 202) {
            return $reply;
        }
        // Status 0: no connection, or no answer; nobody knows whether it was done.
        $mayRepeat = $status === 0 || in_array($reply['code'] ?? '', REPEAT, true);
        if (!$mayRepeat || $try === TRIES) {
            $why = $status === 0 ? 'the gateway does not answer'
                : "{$reply['code']}: {$reply['detail']} (request {$reply['request_id']})";
            throw new RuntimeException($why);
        }
        sleep($wait);
    }
}

/** Status, seconds to wait before a repetition, and the reply; status 0 when there was none. */
function post(string $path, string $body): array
{
    $http = [
        'method' => 'POST',
        'header' => ['Authorization: Bearer ' . getenv('API_KEY'), 'Content-Type: application/json'],
        'content' => $body,
        'timeout' => 40,
        'ignore_errors' => true,
    ];
    $reply = @file_get_contents(getenv('GATEWAY_URL') . $path, false, stream_context_create(['http' => $http]));
    if ($reply === false) {
        return [0, 2, []];
    }
    $head = implode("\n", $http_response_header);
    preg_match('/^HTTP\/\S+ (\d+)/', $head, $status);
    $wait = preg_match('/^retry-after: (\d+)$/mi', $head, $after) ? (int) $after[1] : 2;
    return [(int) $status[1], $wait, json_decode($reply, true, flags: JSON_THROW_ON_ERROR)];
}

try {
    $order = createOrder([
        'reference' => $argv[1] ?? throw new RuntimeException('which reference?'),
        'amount' => ['value' => '25000.00', 'currency' => 'IDR'], // a string, never a float
        'payment' => ['method' => 'qris'],
        'expires_in' => 3600,
    ]);
} catch (RuntimeException $trouble) {
    fwrite(STDERR, $trouble->getMessage() . "\n");
    exit(1);
}
echo "order {$order['id']} is {$order['status']}\n";
echo "payment {$order['payments'][0]['id']}\n";
echo "send the payer to {$order['checkout_url']}\n";
