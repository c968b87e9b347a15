package io.pgheal.track;

/**
 * Makes sure that the stack which a driver call may need is there, so that an overflow comes before anything is cut.
 *
 * <p>A frame is a good 5 KB large, in the interpreter and as compiled by C1 and C2 alike, because its many locals are all
 * alive at once on a branch that is taken now and then: had it never been taken, C2 would compile it, and the locals,
 * away. Whoever enters such a frame has its pages touched by the JVM itself, and where they are not there a {@link
 * StackOverflowError} is thrown before the first byte code of the frame runs: nothing is left half done. The method is
 * too large to be inlined, and under the 8000 bytes of code above which HotSpot does
 * not compile at all: more locals make it slower by that hundred times.
 *
 * <p>Measured on JDK 17 and 25: some 40 KB once compiled, by C1 or C2, in little more time than two compare-and-sets; in
 * the interpreter nearly twice as much stack, and some hundred times slower, because it clears every local.
 */
final class StackPreflight {
    /** Taken once in so many calls; where seeds repeat, in some regular part of them. */
    private static final long SELDOM = 1023;

    /** Frames of 5 KB that stand on each other. */
    private static final int FRAMES = 7;

    private static volatile long source;

    private StackPreflight() {}

    /** @param seed any number that differs from call to call */
    static void touch(long seed) {
        frame(FRAMES - 1, seed);
    }

    private static void frame(int below, long seed) {
        if (below > 0) {
            frame(below - 1, seed);
        }
        if ((seed & SELDOM) == 0) {
            long a0 = source;
            long a1 = source;
            long a2 = source;
            long a3 = source;
            long a4 = source;
            long a5 = source;
            long a6 = source;
            long a7 = source;
            long a8 = source;
            long a9 = source;
            long a10 = source;
            long a11 = source;
            long a12 = source;
            long a13 = source;
            long a14 = source;
            long a15 = source;
            long a16 = source;
            long a17 = source;
            long a18 = source;
            long a19 = source;
            long a20 = source;
            long a21 = source;
            long a22 = source;
            long a23 = source;
            long a24 = source;
            long a25 = source;
            long a26 = source;
            long a27 = source;
            long a28 = source;
            long a29 = source;
            long a30 = source;
            long a31 = source;
            long a32 = source;
            long a33 = source;
            long a34 = source;
            long a35 = source;
            long a36 = source;
            long a37 = source;
            long a38 = source;
            long a39 = source;
            long a40 = source;
            long a41 = source;
            long a42 = source;
            long a43 = source;
            long a44 = source;
            long a45 = source;
            long a46 = source;
            long a47 = source;
            long a48 = source;
            long a49 = source;
            long a50 = source;
            long a51 = source;
            long a52 = source;
            long a53 = source;
            long a54 = source;
            long a55 = source;
            long a56 = source;
            long a57 = source;
            long a58 = source;
            long a59 = source;
            long a60 = source;
            long a61 = source;
            long a62 = source;
            long a63 = source;
            long a64 = source;
            long a65 = source;
            long a66 = source;
            long a67 = source;
            long a68 = source;
            long a69 = source;
            long a70 = source;
            long a71 = source;
            long a72 = source;
            long a73 = source;
            long a74 = source;
            long a75 = source;
            long a76 = source;
            long a77 = source;
            long a78 = source;
            long a79 = source;
            long a80 = source;
            long a81 = source;
            long a82 = source;
            long a83 = source;
            long a84 = source;
            long a85 = source;
            long a86 = source;
            long a87 = source;
            long a88 = source;
            long a89 = source;
            long a90 = source;
            long a91 = source;
            long a92 = source;
            long a93 = source;
            long a94 = source;
            long a95 = source;
            long a96 = source;
            long a97 = source;
            long a98 = source;
            long a99 = source;
            long a100 = source;
            long a101 = source;
            long a102 = source;
            long a103 = source;
            long a104 = source;
            long a105 = source;
            long a106 = source;
            long a107 = source;
            long a108 = source;
            long a109 = source;
            long a110 = source;
            long a111 = source;
            long a112 = source;
            long a113 = source;
            long a114 = source;
            long a115 = source;
            long a116 = source;
            long a117 = source;
            long a118 = source;
            long a119 = source;
            long a120 = source;
            long a121 = source;
            long a122 = source;
            long a123 = source;
            long a124 = source;
            long a125 = source;
            long a126 = source;
            long a127 = source;
            long a128 = source;
            long a129 = source;
            long a130 = source;
            long a131 = source;
            long a132 = source;
            long a133 = source;
            long a134 = source;
            long a135 = source;
            long a136 = source;
            long a137 = source;
            long a138 = source;
            long a139 = source;
            long a140 = source;
            long a141 = source;
            long a142 = source;
            long a143 = source;
            long a144 = source;
            long a145 = source;
            long a146 = source;
            long a147 = source;
            long a148 = source;
            long a149 = source;
            long a150 = source;
            long a151 = source;
            long a152 = source;
            long a153 = source;
            long a154 = source;
            long a155 = source;
            long a156 = source;
            long a157 = source;
            long a158 = source;
            long a159 = source;
            long a160 = source;
            long a161 = source;
            long a162 = source;
            long a163 = source;
            long a164 = source;
            long a165 = source;
            long a166 = source;
            long a167 = source;
            long a168 = source;
            long a169 = source;
            long a170 = source;
            long a171 = source;
            long a172 = source;
            long a173 = source;
            long a174 = source;
            long a175 = source;
            long a176 = source;
            long a177 = source;
            long a178 = source;
            long a179 = source;
            long a180 = source;
            long a181 = source;
            long a182 = source;
            long a183 = source;
            long a184 = source;
            long a185 = source;
            long a186 = source;
            long a187 = source;
            long a188 = source;
            long a189 = source;
            long a190 = source;
            long a191 = source;
            long a192 = source;
            long a193 = source;
            long a194 = source;
            long a195 = source;
            long a196 = source;
            long a197 = source;
            long a198 = source;
            long a199 = source;
            long a200 = source;
            long a201 = source;
            long a202 = source;
            long a203 = source;
            long a204 = source;
            long a205 = source;
            long a206 = source;
            long a207 = source;
            long a208 = source;
            long a209 = source;
            long a210 = source;
            long a211 = source;
            long a212 = source;
            long a213 = source;
            long a214 = source;
            long a215 = source;
            long a216 = source;
            long a217 = source;
            long a218 = source;
            long a219 = source;
            long a220 = source;
            long a221 = source;
            long a222 = source;
            long a223 = source;
            long a224 = source;
            long a225 = source;
            long a226 = source;
            long a227 = source;
            long a228 = source;
            long a229 = source;
            long a230 = source;
            long a231 = source;
            long a232 = source;
            long a233 = source;
            long a234 = source;
            long a235 = source;
            long a236 = source;
            long a237 = source;
            long a238 = source;
            long a239 = source;
            long a240 = source;
            long a241 = source;
            long a242 = source;
            long a243 = source;
            long a244 = source;
            long a245 = source;
            long a246 = source;
            long a247 = source;
            long a248 = source;
            long a249 = source;
            long a250 = source;
            long a251 = source;
            long a252 = source;
            long a253 = source;
            long a254 = source;
            long a255 = source;
            long a256 = source;
            long a257 = source;
            long a258 = source;
            long a259 = source;
            long a260 = source;
            long a261 = source;
            long a262 = source;
            long a263 = source;
            long a264 = source;
            long a265 = source;
            long a266 = source;
            long a267 = source;
            long a268 = source;
            long a269 = source;
            long a270 = source;
            long a271 = source;
            long a272 = source;
            long a273 = source;
            long a274 = source;
            long a275 = source;
            long a276 = source;
            long a277 = source;
            long a278 = source;
            long a279 = source;
            long a280 = source;
            long a281 = source;
            long a282 = source;
            long a283 = source;
            long a284 = source;
            long a285 = source;
            long a286 = source;
            long a287 = source;
            long a288 = source;
            long a289 = source;
            long a290 = source;
            long a291 = source;
            long a292 = source;
            long a293 = source;
            long a294 = source;
            long a295 = source;
            long a296 = source;
            long a297 = source;
            long a298 = source;
            long a299 = source;
            long a300 = source;
            long a301 = source;
            long a302 = source;
            long a303 = source;
            long a304 = source;
            long a305 = source;
            long a306 = source;
            long a307 = source;
            long a308 = source;
            long a309 = source;
            long a310 = source;
            long a311 = source;
            long a312 = source;
            long a313 = source;
            long a314 = source;
            long a315 = source;
            long a316 = source;
            long a317 = source;
            long a318 = source;
            long a319 = source;
            long a320 = source;
            long a321 = source;
            long a322 = source;
            long a323 = source;
            long a324 = source;
            long a325 = source;
            long a326 = source;
            long a327 = source;
            long a328 = source;
            long a329 = source;
            long a330 = source;
            long a331 = source;
            long a332 = source;
            long a333 = source;
            long a334 = source;
            long a335 = source;
            long a336 = source;
            long a337 = source;
            long a338 = source;
            long a339 = source;
            long a340 = source;
            long a341 = source;
            long a342 = source;
            long a343 = source;
            long a344 = source;
            long a345 = source;
            long a346 = source;
            long a347 = source;
            long a348 = source;
            long a349 = source;
            long a350 = source;
            long a351 = source;
            long a352 = source;
            long a353 = source;
            long a354 = source;
            long a355 = source;
            long a356 = source;
            long a357 = source;
            long a358 = source;
            long a359 = source;
            long a360 = source;
            long a361 = source;
            long a362 = source;
            long a363 = source;
            long a364 = source;
            long a365 = source;
            long a366 = source;
            long a367 = source;
            long a368 = source;
            long a369 = source;
            long a370 = source;
            long a371 = source;
            long a372 = source;
            long a373 = source;
            long a374 = source;
            long a375 = source;
            long a376 = source;
            long a377 = source;
            long a378 = source;
            long a379 = source;
            long a380 = source;
            long a381 = source;
            long a382 = source;
            long a383 = source;
            long a384 = source;
            long a385 = source;
            long a386 = source;
            long a387 = source;
            long a388 = source;
            long a389 = source;
            long a390 = source;
            long a391 = source;
            long a392 = source;
            long a393 = source;
            long a394 = source;
            long a395 = source;
            long a396 = source;
            long a397 = source;
            long a398 = source;
            long a399 = source;
            long a400 = source;
            long a401 = source;
            long a402 = source;
            long a403 = source;
            long a404 = source;
            long a405 = source;
            long a406 = source;
            long a407 = source;
            long a408 = source;
            long a409 = source;
            long a410 = source;
            long a411 = source;
            long a412 = source;
            long a413 = source;
            long a414 = source;
            long a415 = source;
            long a416 = source;
            long a417 = source;
            long a418 = source;
            long a419 = source;
            long a420 = source;
            long a421 = source;
            long a422 = source;
            long a423 = source;
            long a424 = source;
            long a425 = source;
            long a426 = source;
            long a427 = source;
            long a428 = source;
            long a429 = source;
            long a430 = source;
            long a431 = source;
            long a432 = source;
            long a433 = source;
            long a434 = source;
            long a435 = source;
            long a436 = source;
            long a437 = source;
            long a438 = source;
            long a439 = source;
            long a440 = source;
            long a441 = source;
            long a442 = source;
            long a443 = source;
            long a444 = source;
            long a445 = source;
            long a446 = source;
            long a447 = source;
            long a448 = source;
            long a449 = source;
            long a450 = source;
            long a451 = source;
            long a452 = source;
            long a453 = source;
            long a454 = source;
            long a455 = source;
            long a456 = source;
            long a457 = source;
            long a458 = source;
            long a459 = source;
            long a460 = source;
            long a461 = source;
            long a462 = source;
            long a463 = source;
            long a464 = source;
            long a465 = source;
            long a466 = source;
            long a467 = source;
            long a468 = source;
            long a469 = source;
            long a470 = source;
            long a471 = source;
            long a472 = source;
            long a473 = source;
            long a474 = source;
            long a475 = source;
            long a476 = source;
            long a477 = source;
            long a478 = source;
            long a479 = source;
            long a480 = source;
            long a481 = source;
            long a482 = source;
            long a483 = source;
            long a484 = source;
            long a485 = source;
            long a486 = source;
            long a487 = source;
            long a488 = source;
            long a489 = source;
            long a490 = source;
            long a491 = source;
            long a492 = source;
            long a493 = source;
            long a494 = source;
            long a495 = source;
            long a496 = source;
            long a497 = source;
            long a498 = source;
            long a499 = source;
            long a500 = source;
            long a501 = source;
            long a502 = source;
            long a503 = source;
            long a504 = source;
            long a505 = source;
            long a506 = source;
            long a507 = source;
            long a508 = source;
            long a509 = source;
            long a510 = source;
            long a511 = source;
            long a512 = source;
            long a513 = source;
            long a514 = source;
            long a515 = source;
            long a516 = source;
            long a517 = source;
            long a518 = source;
            long a519 = source;
            long a520 = source;
            long a521 = source;
            long a522 = source;
            long a523 = source;
            long a524 = source;
            long a525 = source;
            long a526 = source;
            long a527 = source;
            long a528 = source;
            long a529 = source;
            long a530 = source;
            long a531 = source;
            long a532 = source;
            long a533 = source;
            long a534 = source;
            long a535 = source;
            long a536 = source;
            long a537 = source;
            long a538 = source;
            long a539 = source;
            long a540 = source;
            long a541 = source;
            long a542 = source;
            long a543 = source;
            long a544 = source;
            long a545 = source;
            long a546 = source;
            long a547 = source;
            long a548 = source;
            long a549 = source;
            long a550 = source;
            long a551 = source;
            long a552 = source;
            long a553 = source;
            long a554 = source;
            long a555 = source;
            long a556 = source;
            long a557 = source;
            long a558 = source;
            long a559 = source;
            long a560 = source;
            long a561 = source;
            long a562 = source;
            long a563 = source;
            long a564 = source;
            long a565 = source;
            long a566 = source;
            long a567 = source;
            long a568 = source;
            long a569 = source;
            long a570 = source;
            long a571 = source;
            long a572 = source;
            long a573 = source;
            long a574 = source;
            long a575 = source;
            long a576 = source;
            long a577 = source;
            long a578 = source;
            long a579 = source;
            long a580 = source;
            long a581 = source;
            long a582 = source;
            long a583 = source;
            long a584 = source;
            long a585 = source;
            long a586 = source;
            long a587 = source;
            long a588 = source;
            long a589 = source;
            long a590 = source;
            long a591 = source;
            long a592 = source;
            long a593 = source;
            long a594 = source;
            long a595 = source;
            long a596 = source;
            long a597 = source;
            long a598 = source;
            long a599 = source;
            long a600 = source;
            long a601 = source;
            long a602 = source;
            long a603 = source;
            long a604 = source;
            long a605 = source;
            long a606 = source;
            long a607 = source;
            long a608 = source;
            long a609 = source;
            long a610 = source;
            long a611 = source;
            long a612 = source;
            long a613 = source;
            long a614 = source;
            long a615 = source;
            long a616 = source;
            long a617 = source;
            long a618 = source;
            long a619 = source;
            long a620 = source;
            long a621 = source;
            long a622 = source;
            long a623 = source;
            long a624 = source;
            long a625 = source;
            long a626 = source;
            long a627 = source;
            long a628 = source;
            long a629 = source;
            long a630 = source;
            long a631 = source;
            long a632 = source;
            long a633 = source;
            long a634 = source;
            long a635 = source;
            long a636 = source;
            long a637 = source;
            long a638 = source;
            long a639 = source;
            // From the last to the first, so that none can be folded before all have been read.
            source = a639 ^ a638 ^ a637 ^ a636 ^ a635 ^ a634 ^ a633 ^ a632 ^ a631 ^ a630 ^ a629 ^ a628 ^ a627 ^ a626
                    ^ a625 ^ a624 ^ a623 ^ a622 ^ a621 ^ a620 ^ a619 ^ a618 ^ a617 ^ a616 ^ a615 ^ a614 ^ a613 ^ a612
                    ^ a611 ^ a610 ^ a609 ^ a608 ^ a607 ^ a606 ^ a605 ^ a604 ^ a603 ^ a602 ^ a601 ^ a600 ^ a599 ^ a598
                    ^ a597 ^ a596 ^ a595 ^ a594 ^ a593 ^ a592 ^ a591 ^ a590 ^ a589 ^ a588 ^ a587 ^ a586 ^ a585 ^ a584
                    ^ a583 ^ a582 ^ a581 ^ a580 ^ a579 ^ a578 ^ a577 ^ a576 ^ a575 ^ a574 ^ a573 ^ a572 ^ a571 ^ a570
                    ^ a569 ^ a568 ^ a567 ^ a566 ^ a565 ^ a564 ^ a563 ^ a562 ^ a561 ^ a560 ^ a559 ^ a558 ^ a557 ^ a556
                    ^ a555 ^ a554 ^ a553 ^ a552 ^ a551 ^ a550 ^ a549 ^ a548 ^ a547 ^ a546 ^ a545 ^ a544 ^ a543 ^ a542
                    ^ a541 ^ a540 ^ a539 ^ a538 ^ a537 ^ a536 ^ a535 ^ a534 ^ a533 ^ a532 ^ a531 ^ a530 ^ a529 ^ a528
                    ^ a527 ^ a526 ^ a525 ^ a524 ^ a523 ^ a522 ^ a521 ^ a520 ^ a519 ^ a518 ^ a517 ^ a516 ^ a515 ^ a514
                    ^ a513 ^ a512 ^ a511 ^ a510 ^ a509 ^ a508 ^ a507 ^ a506 ^ a505 ^ a504 ^ a503 ^ a502 ^ a501 ^ a500
                    ^ a499 ^ a498 ^ a497 ^ a496 ^ a495 ^ a494 ^ a493 ^ a492 ^ a491 ^ a490 ^ a489 ^ a488 ^ a487 ^ a486
                    ^ a485 ^ a484 ^ a483 ^ a482 ^ a481 ^ a480 ^ a479 ^ a478 ^ a477 ^ a476 ^ a475 ^ a474 ^ a473 ^ a472
                    ^ a471 ^ a470 ^ a469 ^ a468 ^ a467 ^ a466 ^ a465 ^ a464 ^ a463 ^ a462 ^ a461 ^ a460 ^ a459 ^ a458
                    ^ a457 ^ a456 ^ a455 ^ a454 ^ a453 ^ a452 ^ a451 ^ a450 ^ a449 ^ a448 ^ a447 ^ a446 ^ a445 ^ a444
                    ^ a443 ^ a442 ^ a441 ^ a440 ^ a439 ^ a438 ^ a437 ^ a436 ^ a435 ^ a434 ^ a433 ^ a432 ^ a431 ^ a430
                    ^ a429 ^ a428 ^ a427 ^ a426 ^ a425 ^ a424 ^ a423 ^ a422 ^ a421 ^ a420 ^ a419 ^ a418 ^ a417 ^ a416
                    ^ a415 ^ a414 ^ a413 ^ a412 ^ a411 ^ a410 ^ a409 ^ a408 ^ a407 ^ a406 ^ a405 ^ a404 ^ a403 ^ a402
                    ^ a401 ^ a400 ^ a399 ^ a398 ^ a397 ^ a396 ^ a395 ^ a394 ^ a393 ^ a392 ^ a391 ^ a390 ^ a389 ^ a388
                    ^ a387 ^ a386 ^ a385 ^ a384 ^ a383 ^ a382 ^ a381 ^ a380 ^ a379 ^ a378 ^ a377 ^ a376 ^ a375 ^ a374
                    ^ a373 ^ a372 ^ a371 ^ a370 ^ a369 ^ a368 ^ a367 ^ a366 ^ a365 ^ a364 ^ a363 ^ a362 ^ a361 ^ a360
                    ^ a359 ^ a358 ^ a357 ^ a356 ^ a355 ^ a354 ^ a353 ^ a352 ^ a351 ^ a350 ^ a349 ^ a348 ^ a347 ^ a346
                    ^ a345 ^ a344 ^ a343 ^ a342 ^ a341 ^ a340 ^ a339 ^ a338 ^ a337 ^ a336 ^ a335 ^ a334 ^ a333 ^ a332
                    ^ a331 ^ a330 ^ a329 ^ a328 ^ a327 ^ a326 ^ a325 ^ a324 ^ a323 ^ a322 ^ a321 ^ a320 ^ a319 ^ a318
                    ^ a317 ^ a316 ^ a315 ^ a314 ^ a313 ^ a312 ^ a311 ^ a310 ^ a309 ^ a308 ^ a307 ^ a306 ^ a305 ^ a304
                    ^ a303 ^ a302 ^ a301 ^ a300 ^ a299 ^ a298 ^ a297 ^ a296 ^ a295 ^ a294 ^ a293 ^ a292 ^ a291 ^ a290
                    ^ a289 ^ a288 ^ a287 ^ a286 ^ a285 ^ a284 ^ a283 ^ a282 ^ a281 ^ a280 ^ a279 ^ a278 ^ a277 ^ a276
                    ^ a275 ^ a274 ^ a273 ^ a272 ^ a271 ^ a270 ^ a269 ^ a268 ^ a267 ^ a266 ^ a265 ^ a264 ^ a263 ^ a262
                    ^ a261 ^ a260 ^ a259 ^ a258 ^ a257 ^ a256 ^ a255 ^ a254 ^ a253 ^ a252 ^ a251 ^ a250 ^ a249 ^ a248
                    ^ a247 ^ a246 ^ a245 ^ a244 ^ a243 ^ a242 ^ a241 ^ a240 ^ a239 ^ a238 ^ a237 ^ a236 ^ a235 ^ a234
                    ^ a233 ^ a232 ^ a231 ^ a230 ^ a229 ^ a228 ^ a227 ^ a226 ^ a225 ^ a224 ^ a223 ^ a222 ^ a221 ^ a220
                    ^ a219 ^ a218 ^ a217 ^ a216 ^ a215 ^ a214 ^ a213 ^ a212 ^ a211 ^ a210 ^ a209 ^ a208 ^ a207 ^ a206
                    ^ a205 ^ a204 ^ a203 ^ a202 ^ a201 ^ a200 ^ a199 ^ a198 ^ a197 ^ a196 ^ a195 ^ a194 ^ a193 ^ a192
                    ^ a191 ^ a190 ^ a189 ^ a188 ^ a187 ^ a186 ^ a185 ^ a184 ^ a183 ^ a182 ^ a181 ^ a180 ^ a179 ^ a178
                    ^ a177 ^ a176 ^ a175 ^ a174 ^ a173 ^ a172 ^ a171 ^ a170 ^ a169 ^ a168 ^ a167 ^ a166 ^ a165 ^ a164
                    ^ a163 ^ a162 ^ a161 ^ a160 ^ a159 ^ a158 ^ a157 ^ a156 ^ a155 ^ a154 ^ a153 ^ a152 ^ a151 ^ a150
                    ^ a149 ^ a148 ^ a147 ^ a146 ^ a145 ^ a144 ^ a143 ^ a142 ^ a141 ^ a140 ^ a139 ^ a138 ^ a137 ^ a136
                    ^ a135 ^ a134 ^ a133 ^ a132 ^ a131 ^ a130 ^ a129 ^ a128 ^ a127 ^ a126 ^ a125 ^ a124 ^ a123 ^ a122
                    ^ a121 ^ a120 ^ a119 ^ a118 ^ a117 ^ a116 ^ a115 ^ a114 ^ a113 ^ a112 ^ a111 ^ a110 ^ a109 ^ a108
                    ^ a107 ^ a106 ^ a105 ^ a104 ^ a103 ^ a102 ^ a101 ^ a100 ^ a99 ^ a98 ^ a97 ^ a96 ^ a95 ^ a94 ^ a93
                    ^ a92 ^ a91 ^ a90 ^ a89 ^ a88 ^ a87 ^ a86 ^ a85 ^ a84 ^ a83 ^ a82 ^ a81 ^ a80 ^ a79 ^ a78 ^ a77
                    ^ a76 ^ a75 ^ a74 ^ a73 ^ a72 ^ a71 ^ a70 ^ a69 ^ a68 ^ a67 ^ a66 ^ a65 ^ a64 ^ a63 ^ a62 ^ a61
                    ^ a60 ^ a59 ^ a58 ^ a57 ^ a56 ^ a55 ^ a54 ^ a53 ^ a52 ^ a51 ^ a50 ^ a49 ^ a48 ^ a47 ^ a46 ^ a45
                    ^ a44 ^ a43 ^ a42 ^ a41 ^ a40 ^ a39 ^ a38 ^ a37 ^ a36 ^ a35 ^ a34 ^ a33 ^ a32 ^ a31 ^ a30 ^ a29
                    ^ a28 ^ a27 ^ a26 ^ a25 ^ a24 ^ a23 ^ a22 ^ a21 ^ a20 ^ a19 ^ a18 ^ a17 ^ a16 ^ a15 ^ a14 ^ a13
                    ^ a12 ^ a11 ^ a10 ^ a9 ^ a8 ^ a7 ^ a6 ^ a5 ^ a4 ^ a3 ^ a2 ^ a1 ^ a0;
        }
    }
}
